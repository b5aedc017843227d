namespace ComfyServe.Provisioning.Running;

/// <summary>A program to start.</summary>
/// <param name="Program">Its name or path.</param>
/// <param name="Arguments">Its arguments; no shell sees them.</param>
internal sealed record ProcessCommand(string Program, params IReadOnlyList<string> Arguments)
{
    /// <summary>Its working folder.</summary>
    public required string Folder { get; init; }

    /// <summary>When it and what it started are killed.</summary>
    public required TimeSpan Timeout { get; init; }

    /// <summary>Variables on top of our own.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);
}
