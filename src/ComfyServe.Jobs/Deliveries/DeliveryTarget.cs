using System.Text.Json;

namespace ComfyServe.Jobs.Deliveries;

/// <summary>Where a delivery goes and how it is signed; the ledger keeps it sealed.</summary>
public sealed record DeliveryTarget
{
    /// <summary>Most that one try may take, whoever asks for it: longer ones would hold what all share.</summary>
    public static readonly TimeSpan LongestTimeout = TimeSpan.FromSeconds(60);

    /// <summary>What a try may take unless somebody says otherwise.</summary>
    public static readonly TimeSpan UsualTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Absolute http or https URL.</summary>
    public required string Url { get; init; }

    /// <summary>Secrets that sign it, the current one first.</summary>
    public IReadOnlyList<string>? Secrets { get; init; }

    /// <summary>The one secret, as earlier gateways wrote it.</summary>
    public string? Secret { get; init; }

    /// <summary>Seconds that one try may take; null for the usual 30. Earlier versions accepted more than are given now.</summary>
    public double? TimeoutSeconds { get; init; }

    /// <summary>Whether the operator chose the URL: then it may be on a private network.</summary>
    public bool IsTrusted { get; init; }

    /// <summary>How long one try may take.</summary>
    internal TimeSpan Limit => TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(Math.Clamp(seconds, 1, LongestTimeout.TotalSeconds)) : UsualTimeout;

    /// <summary>Every secret that signs it.</summary>
    internal IReadOnlyList<string> Signers => Secrets ?? (string.IsNullOrEmpty(Secret) ? [] : [Secret]);

    /// <summary>As the ledger keeps it.</summary>
    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, DeliveryJson.Default.DeliveryTarget);

    /// <summary>From the ledger.</summary>
    internal static DeliveryTarget Read(ReadOnlyMemory<byte> bytes) => JsonSerializer.Deserialize(bytes.Span, DeliveryJson.Default.DeliveryTarget)!;
}
