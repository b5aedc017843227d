using ComfyServe.Provisioning.Downloads;

namespace ComfyServe.Provisioning.Manifest;

/// <summary>Where relative destinations are. An absolute path is taken as it is: a manifest is the operator's own.</summary>
internal sealed class DataPaths(string dataFolder)
{
    /// <summary>The data folder.</summary>
    public string Data { get; } = Path.GetFullPath(dataFolder);

    /// <summary>Where models go.</summary>
    public string Models => Path.Combine(Data, "models");

    /// <summary>Where node packs go.</summary>
    public string CustomNodes => Path.Combine(Data, "custom_nodes");

    /// <summary>Where the editor looks for workflows.</summary>
    public string Workflows => Path.Combine(Data, "user", "default", "workflows");

    /// <summary>What provisioning remembers.</summary>
    public string State => Path.Combine(Data, ".provisioning");

    /// <summary>The destination below a root as a full path, its slash at the end kept; null where it would leave the root.</summary>
    public static string? Below(string root, string destination)
    {
        if (destination.Any(char.IsControl))
        {
            return null;
        }

        var full = Path.GetFullPath(Path.Combine(root, destination));
        var folder = destination.EndsWith('/') || destination is "." or "";
        if (!Path.IsPathRooted(destination) && full != root && !full.StartsWith(root + "/", StringComparison.Ordinal))
        {
            return null;
        }

        return folder ? full.TrimEnd('/') + "/" : full;
    }

    /// <summary>The last part of a URL or path as a file name; null where it is none.</summary>
    public static string? LastName(string source)
    {
        var path = Uri.TryCreate(source, UriKind.Absolute, out var url) ? Uri.UnescapeDataString(url.AbsolutePath) : source;
        return DestinationName.Safe(path.TrimEnd('/'));
    }
}
