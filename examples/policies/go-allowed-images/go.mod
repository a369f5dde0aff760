module allowed-images

go 1.25

require (
	go.bytecodealliance.org/pkg v0.2.1
	portcullis v0.0.0
)

// Bindings of the gateway's interface, which `portcullis plugin build` writes.
replace portcullis => ./.portcullis/go
