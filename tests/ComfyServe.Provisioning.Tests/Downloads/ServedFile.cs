using System.Security.Cryptography;

namespace ComfyServe.Provisioning.Tests.Downloads;

/// <summary>A file of the <see cref="FaultyFileServer"/> and what goes wrong with it.</summary>
internal sealed class ServedFile(string name, byte[] content)
{
    public string Name { get; } = name;

    public byte[] Content { get; set; } = content;

    public string Sha256 => Convert.ToHexStringLower(SHA256.HashData(Content));

    /// <summary>Connections break after this many bytes, <see cref="Drops"/> times.</summary>
    public int DropAfter { get; init; } = int.MaxValue;

    public int Drops { get; set; }

    /// <summary>This many answers have a wrong byte in the middle.</summary>
    public int WrongAnswers { get; set; }

    /// <summary>This many answers are this status.</summary>
    public int Refusals { get; set; }

    public int RefusalStatus { get; init; } = 503;

    /// <summary>Requests go through this many redirects first.</summary>
    public int Redirects { get; init; }

    /// <summary>Pause before each 16 KiB.</summary>
    public TimeSpan Throttle { get; init; }

    public bool Ranges { get; init; } = true;

    public bool Chunked { get; init; }

    public string? EntityTag { get; set; } = "\"v1\"";

    public string? Disposition { get; init; }

    /// <summary>A request for the whole file gets its first half, and nothing more until this ends.</summary>
    public TaskCompletionSource? Stall { get; set; }

    public static ServedFile Random(string name, int length, int seed)
    {
        var content = new byte[length];
        new Random(seed).NextBytes(content);
        return new ServedFile(name, content);
    }
}
