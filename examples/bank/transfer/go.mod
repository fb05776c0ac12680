module transfer

go 1.24

require kelpie v0.0.0

replace kelpie => ../../../guest-sdks/go
