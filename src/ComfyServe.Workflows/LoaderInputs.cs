namespace ComfyServe.Workflows;

/// <summary>Which inputs hold a file where no catalogue of nodes says so: the names decide.</summary>
public static class LoaderInputs
{
    private static readonly HashSet<string> Names = new(StringComparer.OrdinalIgnoreCase)
    {
        "image", "mask", "video", "audio", "file", "latent", "model_file", "image_path", "video_path", "audio_path", "audio_file", "video_file", "image_file",
    };

    /// <summary>
    /// Whether an input is a file's name: of <c>LoadImage</c>, <c>VHS_LoadVideo</c>, <c>Image Load</c> and the like, but not of those that take URLs themselves.
    /// Texts, prompts and names of models never are.
    /// </summary>
    /// <param name="type">The node's class.</param>
    /// <param name="input">The input's name.</param>
    public static bool HoldsFile(string type, string input) =>
        type.Contains("Load", StringComparison.Ordinal) && !type.Contains("url", StringComparison.OrdinalIgnoreCase) && Names.Contains(input);
}
