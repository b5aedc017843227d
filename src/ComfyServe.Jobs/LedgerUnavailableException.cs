namespace ComfyServe.Jobs;

/// <summary>The ledger cannot write now: the disk is full, the server is away, or too much is waiting to be written.</summary>
public sealed class LedgerUnavailableException : Exception
{
    /// <summary>Says why.</summary>
    public LedgerUnavailableException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}
