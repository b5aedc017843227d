namespace ComfyServe.Provisioning.Manifest;

/// <summary>What a source says, and its mistakes; with mistakes the manifest must not be used.</summary>
internal sealed record ManifestReading(ProvisioningManifest Manifest, IReadOnlyList<ManifestMistake> Mistakes);
