using System.Text.Json.Serialization;

namespace ComfyServe.Provisioning.Downloads;

/// <summary>What is known about a half-fetched file, kept beside it.</summary>
internal sealed record PartialState
{
    /// <summary>SHA-256 of the URL that was asked for: the URL itself may hold a token.</summary>
    public required string UrlDigest { get; init; }

    /// <summary>The strong entity tag of the content.</summary>
    public string? EntityTag { get; init; }

    /// <summary>The date of the content, as the server wrote it.</summary>
    public DateTimeOffset? LastModified { get; init; }

    /// <summary>The whole length in bytes.</summary>
    public long? Total { get; init; }

    /// <summary>The kernel's boot: after a power cut the tail of a file may be anything.</summary>
    public string? Boot { get; init; }
}

/// <summary>JSON of the files that provisioning keeps for itself.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(PartialState))]
internal sealed partial class DownloadJson : JsonSerializerContext;
