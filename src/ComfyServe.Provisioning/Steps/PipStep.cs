using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.Steps;

/// <summary>Installs Python packages, for a real ComfyUI beside us; done again when the list or the requirements file changes.</summary>
internal sealed class PipStep(PipEntry entry) : IProvisioningStep
{
    private readonly string _python = entry.Python ?? "python3";

    /// <inheritdoc/>
    public string Phase => "pip";

    /// <inheritdoc/>
    public string Name => entry.RequirementsFile ?? string.Join(' ', entry.Packages);

    private string Key => $"pip {_python} {entry.RequirementsFile ?? StepMemory.Hash([.. entry.Packages])}";

    /// <inheritdoc/>
    public async Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken) => context.IsDone(Key, await HashAsync(cancellationToken));

    /// <inheritdoc/>
    public async Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        if (entry.RequirementsFile is { } file && !File.Exists(file))
        {
            throw new StepException($"there is no file '{file}'");
        }

        var hash = await HashAsync(cancellationToken);
        IReadOnlyList<string> wanted = entry.RequirementsFile is { } requirements ? ["-r", requirements] : ["--", .. entry.Packages];
        var command = context.Command(_python, ["-m", "pip", "install", "--disable-pip-version-check", "--no-input", .. wanted]);
        var outcome = await context.Processes.RunAsync(command, cancellationToken);
        outcome.Check($"'{_python} -m pip install'", command.Timeout);
        context.Memory.Remember(Key, hash);
        return null;
    }

    private async Task<string> HashAsync(CancellationToken cancellationToken) =>
        entry.RequirementsFile is { } file
            ? File.Exists(file) ? StepMemory.Hash(await File.ReadAllTextAsync(file, cancellationToken)) : ""
            : StepMemory.Hash([.. entry.Packages]);
}
