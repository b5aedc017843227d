namespace ComfyServe.Gateway.Storage;

/// <summary>An API key as it is stored: never the key, only its hash.</summary>
internal sealed record ApiKeyRow
{
    /// <summary>Its id.</summary>
    public required long Id { get; init; }

    /// <summary>SHA-256 of the key, lower-case hex.</summary>
    public required string Hash { get; init; }

    /// <summary>The beginning of the key, for people; null for keys of earlier versions.</summary>
    public string? Prefix { get; init; }

    /// <summary>A name for people.</summary>
    public string? Name { get; init; }

    /// <summary><c>account</c> or <c>endpoint</c>.</summary>
    public required string Scope { get; init; }

    /// <summary>The endpoint of a key with scope <c>endpoint</c>.</summary>
    public long? EndpointId { get; init; }

    /// <summary>The original's permissions, JSON.</summary>
    public string? Permissions { get; init; }

    /// <summary>When it was made, Unix seconds.</summary>
    public double CreatedAt { get; init; }
}
