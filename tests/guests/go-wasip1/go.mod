module wasip1

go 1.24
