using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.Steps;

/// <summary>Installs Debian packages, all in one go.</summary>
internal sealed class AptStep(IReadOnlyList<string> packages) : IProvisioningStep
{
    private static readonly Dictionary<string, string> Quiet = new(StringComparer.Ordinal) { ["DEBIAN_FRONTEND"] = "noninteractive" };

    /// <inheritdoc/>
    public string Phase => "apt";

    /// <inheritdoc/>
    public string Name => string.Join(' ', packages);

    /// <summary>Asks the package database, not our memory: an image may have them, and somebody may have removed them.</summary>
    public async Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken)
    {
        foreach (var package in packages)
        {
            var parts = package.Split('=');
            var outcome = await context.Processes.RunAsync(context.Command("dpkg-query", "-W", "-f", "${Status} ${Version}\n", parts[0]), cancellationToken);
            var installed = outcome.ExitCode == 0 && outcome.Tail.Any(l => l.StartsWith("install ok installed ", StringComparison.Ordinal)
                && (parts.Length == 1 || l.EndsWith(" " + parts[1], StringComparison.Ordinal)));
            if (!installed)
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public async Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new StepException("only root can install packages; install them in the image, or run 'comfyserve provision' as root");
        }

        await RunAsync(context, "apt-get update", ["update", "-q"], cancellationToken);
        await RunAsync(context, "apt-get install", ["install", "-y", "-q", "--no-install-recommends", "--", .. packages], cancellationToken);
        return null;
    }

    private static async Task RunAsync(StepContext context, string what, IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var command = context.Command("apt-get", arguments);
        command = command with { Environment = command.Environment.Concat(Quiet).ToDictionary(StringComparer.Ordinal) };
        var outcome = await context.Processes.RunAsync(command, cancellationToken);
        outcome.Check($"'{what}'", command.Timeout);
    }
}
