using ComfyServe.Provisioning.Manifest;

namespace ComfyServe.Provisioning.Running;

/// <summary>How provisioning ended.</summary>
public sealed record ProvisioningReport
{
    /// <summary>Mistakes of the manifest and the shortcuts; with one of them nothing was done.</summary>
    public IReadOnlyList<ManifestMistake> Mistakes { get; init; } = [];

    /// <summary>Every wish, in the order in which they were handled.</summary>
    public IReadOnlyList<StepResult> Steps { get; init; } = [];

    /// <summary>Content bytes that came over the network.</summary>
    public long BytesTransferred { get; init; }

    /// <summary>Bytes that an earlier run had left and that were not fetched again.</summary>
    public long BytesResumed { get; init; }

    /// <summary>Everything that is wanted is right.</summary>
    public bool Succeeded => Mistakes.Count == 0 && Steps.All(s => s.Outcome is StepOutcome.Done or StepOutcome.AlreadyRight or StepOutcome.Skipped);

    /// <summary>All that went wrong, one line each; null where nothing did.</summary>
    public string? Reason
    {
        get
        {
            var lines = Mistakes.Select(m => m.ToString())
                .Concat(Steps.Where(s => s.Outcome == StepOutcome.Failed).Select(s => $"{s.Phase}: {s.Name}: {s.Message}"))
                .ToList();
            return lines.Count == 0 ? null : string.Join('\n', lines);
        }
    }
}
