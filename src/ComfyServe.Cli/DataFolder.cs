namespace ComfyServe.Cli;

/// <summary>Where models, inputs and outputs are: laid out as ComfyUI's folder, so that an existing one can be given.</summary>
internal static class DataFolder
{
    /// <summary>
    /// The folder to use: the option, else <c>COMFYSERVE_DATA</c>, else <c>data/</c> of a clone, else the user's data folder.
    /// </summary>
    public static string Resolve(string? option)
    {
        var chosen = option ?? Environment.GetEnvironmentVariable("COMFYSERVE_DATA");
        if (string.IsNullOrWhiteSpace(chosen))
        {
            return Path.GetFullPath(Root() is { } root
                ? Path.Combine(root, "data")
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "comfyserve"));
        }

        var folder = Path.GetFullPath(chosen);
        if (Unknown(folder) is { } said)
        {
            Console.Error.WriteLine($"comfyserve: {said}");
        }

        return folder;
    }

    /// <summary>What to say of a chosen folder that is not there: it may be a slip of the pen, and without a word a new, empty one would be used. Null where it is there.</summary>
    internal static string? Unknown(string folder)
    {
        if (Directory.Exists(folder))
        {
            return null;
        }

        var place = Path.GetDirectoryName(folder)!;
        return $"the data folder '{folder}' is not there: it starts empty, without the models, keys and results of any other"
            + (Directory.Exists(place) ? "" : $"; nor is '{place}'");
    }

    /// <summary>The models that come with ComfyServe (the starter checkpoint), or none.</summary>
    public static IReadOnlyList<string> BuiltInModels() =>
        Root() is { } root && Directory.Exists(Path.Combine(root, "models")) ? [Path.Combine(root, "models")] : [];

    /// <summary>The clone that the launcher runs from (it sets <c>COMFYSERVE_ROOT</c>), or the folder of the program.</summary>
    private static string? Root()
    {
        var root = Environment.GetEnvironmentVariable("COMFYSERVE_ROOT");
        if (!string.IsNullOrWhiteSpace(root) && Directory.Exists(root))
        {
            return root;
        }

        return Directory.Exists(Path.Combine(AppContext.BaseDirectory, "models")) ? AppContext.BaseDirectory : null;
    }
}
