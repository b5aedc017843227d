namespace ComfyServe.Provisioning.CleanUp;

/// <summary>A folder that clean-up looks after.</summary>
/// <param name="Path">Absolute path.</param>
/// <param name="Kind">What its files are.</param>
public sealed record CleanUpFolder(string Path, FileKind Kind)
{
    /// <summary>The folders of a data folder: the engine's output, temp and input, and the outputs of the API service.</summary>
    public static IReadOnlyList<CleanUpFolder> Of(string dataFolder) =>
    [
        new(System.IO.Path.Combine(dataFolder, "output"), FileKind.Output),
        new(System.IO.Path.Combine(dataFolder, "temp"), FileKind.Temporary),
        new(System.IO.Path.Combine(dataFolder, "input"), FileKind.CachedInput),
        new(System.IO.Path.Combine(dataFolder, "api", "outputs"), FileKind.Output),
    ];

    /// <summary>
    /// Whether a file of this folder may go at all. In the input folder that is what services fetched, whose names begin with a
    /// digest; what people put there is theirs. Models that a workflow saved are no results.
    /// </summary>
    public bool Covers(string name)
    {
        if (Kind == FileKind.CachedInput)
        {
            var file = System.IO.Path.GetFileName(name);
            return file.Length >= 32 && file.Take(32).All(char.IsAsciiHexDigitLower);
        }

        return !name.EndsWith(".safetensors", StringComparison.OrdinalIgnoreCase) && !name.EndsWith(".gitkeep", StringComparison.Ordinal);
    }
}
