namespace ComfyServe.Hosting.Outbound;

/// <summary>A caller's URL leads to an address that must not be called on his behalf.</summary>
public sealed class AddressRefusedException : Exception
{
    /// <summary>Names the host; the address stays unsaid, so that nobody maps a private network with it.</summary>
    public AddressRefusedException(string host)
        : base($"the host '{host}' is not on the public internet; its operator may allow it (ALLOWED_HOSTS)")
    {
    }
}
