using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Running;

/// <summary>Settings of one run of provisioning.</summary>
public sealed class ProvisioningOptions
{
    /// <summary>The data folder: what relative destinations are relative to.</summary>
    public required string DataFolder { get; init; }

    /// <summary>URL or path of the manifest; null takes <c>PROVISIONING_MANIFEST</c>, and where that is not set the shortcuts alone.</summary>
    public string? Manifest { get; init; }

    /// <summary>Only tell what would be done.</summary>
    public bool CheckOnly { get; init; }

    /// <summary>Do again what was done; files whose digest is right stay.</summary>
    public bool Force { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Environment { get; init; } = System.Environment.GetEnvironmentVariable;

    /// <summary>Limits of downloads.</summary>
    public DownloadOptions Downloads { get; init; } = new();

    /// <summary>How long a command, a script or a package installation may take. Default 30 min.</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromMinutes(30);

    /// <summary>How long a git repository may take. Default 15 min.</summary>
    public TimeSpan GitTimeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How long to wait for another process that provisions the same data folder. Default 1 h.</summary>
    public TimeSpan LockTimeout { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Where tokens are checked; another place for tests.</summary>
    internal TokenSites Sites { get; init; } = new();

    /// <summary>Whether the environment asks for anything at all.</summary>
    public static bool IsAsked(Func<string, string?> environment) =>
        EnvironmentShortcuts.Variables.Prepend(ManifestVariable).Any(v => !string.IsNullOrWhiteSpace(environment(v)));

    /// <summary>The variable that names the manifest.</summary>
    internal const string ManifestVariable = "PROVISIONING_MANIFEST";
}
