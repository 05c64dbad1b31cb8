// This file is empty: with an assembly file present the compiler accepts the functions that licence.go
// declares without a body and links by name.
