namespace ComfyServe.Api.Inputs;

/// <summary>A file that was fetched or sent, as the cache keeps it beside its bytes. The URL is not kept: it may carry a token.</summary>
internal sealed record CachedFile
{
    /// <summary>MD5 of the URL, or of the bytes where there was none; the key of the cache, and the beginning of the file's name on the engine.</summary>
    public required string Key { get; init; }

    /// <summary>Extension with its dot.</summary>
    public required string Extension { get; init; }

    /// <summary>SHA-256 of the bytes, in hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>Size in bytes.</summary>
    public required long Size { get; init; }

    /// <summary>The server's tag of this version.</summary>
    public string? ETag { get; init; }

    /// <summary>When the server changed it last, as it said.</summary>
    public string? LastModified { get; init; }

    /// <summary>Until when it may be used without asking the server.</summary>
    public DateTimeOffset FreshUntil { get; init; }

    /// <summary>The name that the engine should give it.</summary>
    public string Name => Key + Extension;

    /// <summary>Name of the file in the cache: one for each version.</summary>
    public string FileName => $"{Key}-{Sha256[..16]}{Extension}";
}
