namespace ComfyServe.Provisioning.Manifest;

/// <summary>Where a manifest was read from: what it names without a folder or host is beside it.</summary>
internal static class SourcePlace
{
    /// <summary>An http or https URL, else null.</summary>
    public static Uri? Web(string source) =>
        Uri.TryCreate(source, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" ? new Uri(source) : null;

    /// <summary>A source as a URL or an absolute path.</summary>
    /// <param name="source">URL or path.</param>
    /// <param name="manifest">URL or path of the manifest; null: relative to the working folder.</param>
    public static string Resolve(string source, string? manifest)
    {
        if (Web(source) is not null || Path.IsPathRooted(source))
        {
            return source;
        }

        if (manifest is not null && Web(manifest) is { } url)
        {
            return new Uri(url, source).AbsoluteUri;
        }

        return Path.GetFullPath(source, manifest is null ? Environment.CurrentDirectory : Path.GetDirectoryName(Path.GetFullPath(manifest))!);
    }
}
