// Fails with another message than the expected one: the runner has to say so.
// expects: the constraint that nobody wrote
int main()
{
#ifdef REFUSED
    return undeclared;
#endif
}
