namespace ComfyServe.Api.Webhooks;

/// <summary>Where a delivery goes and how it is signed; the ledger keeps it sealed.</summary>
internal sealed record DeliveryTarget
{
    /// <summary>Absolute http or https URL.</summary>
    public required string Url { get; init; }

    /// <summary>Secrets that sign it, the current one first.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>Seconds that one try may take.</summary>
    public double TimeoutSeconds { get; init; }

    /// <summary>Whether the operator chose the URL: then it may be on a private network.</summary>
    public bool IsTrusted { get; init; }
}
