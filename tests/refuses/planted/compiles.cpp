// Compiles although it must not: the runner has to say so.
// expects: error
int main() {}
