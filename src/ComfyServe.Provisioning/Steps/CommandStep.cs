using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.Steps;

/// <summary>Runs a shell command, once for each text that it has.</summary>
internal sealed class CommandStep(CommandEntry entry) : IProvisioningStep
{
    private readonly string _hash = StepMemory.Hash(entry.Run);

    /// <inheritdoc/>
    public string Phase => "commands";

    /// <inheritdoc/>
    public string Name => entry.Run.Length > 80 ? entry.Run[..79] + "…" : entry.Run;

    /// <inheritdoc/>
    public Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken) => Task.FromResult(context.IsDone($"command {_hash}", _hash));

    /// <inheritdoc/>
    public async Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var command = context.Command("/bin/bash", "-c", entry.Run);
        command = command with { Timeout = entry.Timeout ?? command.Timeout };
        var outcome = await context.Processes.RunAsync(command, cancellationToken);
        outcome.Check("the command", command.Timeout);
        context.Memory.Remember($"command {_hash}", _hash);
        return null;
    }
}
