"""Projects: what an author of an actor has on disk, and how it becomes a component.

scaffold    makes a new project of a template
project     finds the project of a directory, and its language
toolchain   the seam between languages: what builds the projects of one
cargo       Rust's tool, as projects and this repository's own guests call it
rust, go, python
            the toolchains
build       from sources to a component that was looked into
commands    runs the tools, and ends them
errors      what an author can mend

`templates/` has one project for each language, which is copied as it stands;
`sdks/` what Rust and Go projects get a copy of.
"""
