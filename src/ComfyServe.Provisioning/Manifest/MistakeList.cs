namespace ComfyServe.Provisioning.Manifest;

/// <summary>Collects the mistakes of one source, so that all are told at once.</summary>
internal sealed class MistakeList(string source)
{
    private readonly List<ManifestMistake> _mistakes = [];

    /// <summary>Everything found so far, by line.</summary>
    public IReadOnlyList<ManifestMistake> All => [.. _mistakes.OrderBy(m => m.Line)];

    /// <summary>Adds a mistake.</summary>
    public void Add(long line, string message) => _mistakes.Add(new ManifestMistake(source, (int)line, message));
}
