module example.com/name-of-actor

go 1.24

require kelpie v0.0.0

// The SDK is not published yet: this project has a copy of it.
replace kelpie => ./kelpie-sdk
