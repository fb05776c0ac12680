module kelpie

go 1.24
