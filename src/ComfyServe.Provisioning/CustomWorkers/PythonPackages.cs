using System.Text.RegularExpressions;

namespace ComfyServe.Provisioning.CustomWorkers;

/// <summary>What pip is to install for a Python worker; nothing means that the machine's own Python will do.</summary>
internal sealed partial record PythonPackages
{
    private const string Sdk = "vastai-sdk";

    /// <summary>Requirements files, absolute paths.</summary>
    public required IReadOnlyList<string> Files { get; init; }

    /// <summary>The original's SDK with its version, or null.</summary>
    public string? SdkRequirement { get; init; }

    /// <summary>Whether there is nothing to install.</summary>
    public bool IsEmpty => Files.Count == 0 && SdkRequirement is null;

    /// <summary>Reads what a working copy asks for.</summary>
    /// <param name="folder">The working copy.</param>
    /// <param name="worker">The worker's file, relative.</param>
    /// <param name="sdkVersion">SDK_VERSION, or null.</param>
    public static PythonPackages Of(string folder, string worker, string? sdkVersion)
    {
        List<string> files = [.. new[] { Path.Combine(folder, "requirements.txt"), Path.Combine(folder, Path.GetDirectoryName(worker)!, "requirements.txt") }
            .Distinct(StringComparer.Ordinal).Where(File.Exists)];
        string? sdk = null;
        if (!string.IsNullOrWhiteSpace(sdkVersion))
        {
            sdk = $"{Sdk}=={sdkVersion.Trim()}";
        }
        else if (Import().IsMatch(File.ReadAllText(Path.Combine(folder, worker))) && !files.Exists(static f => Required().IsMatch(File.ReadAllText(f))))
        {
            sdk = Sdk;
        }

        return new PythonPackages { Files = files, SdkRequirement = sdk };
    }

    [GeneratedRegex(@"^\s*(from|import)\s+vastai\b", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Import();

    [GeneratedRegex(@"^\s*vastai", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Required();
}
