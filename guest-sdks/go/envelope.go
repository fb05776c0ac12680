package kelpie

// envelope is what is stored: `{"version":1,"state":{...}}`.
type envelope struct {
	Version int  `json:"version"`
	State   JSON `json:"state"`
}

func readEnvelope(text string) (envelope, error) { return FromJSON[envelope](JSON(text)) }
