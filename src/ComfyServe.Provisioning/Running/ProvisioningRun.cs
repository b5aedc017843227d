using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Downloads;
using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Steps;

namespace ComfyServe.Provisioning.Running;

/// <summary>
/// Brings a machine to what a manifest wants. What does not depend on each other goes on after a failure, so that one run tells
/// all failures; commands and scripts may depend on anything, and are run only when all before them is right.
/// </summary>
internal sealed class ProvisioningRun(StepContext context, ProvisioningManifest manifest, DownloadBatch batch, TokenChecks tokens, TimeProvider time)
{
    private const int RepositoriesAtOnce = 4;
    private readonly List<StepResult> _results = [];

    private bool HasFailed => _results.Any(r => r.Outcome == StepOutcome.Failed);

    /// <summary>Runs all phases in order.</summary>
    public async Task<ProvisioningReport> RunAsync(IProgress<DownloadProgress>? progress, CancellationToken cancellationToken)
    {
        // 1. What conditions depend on.
        _results.AddRange(await tokens.AskAsync(manifest.Entries.SelectMany(e => e.When).Select(c => c.Token), cancellationToken));

        // 2. Files first: apt may need a source list, pip a configuration.
        await InOrderAsync(Active(manifest.WrittenFiles, "files", f => f.Destination).Select(f => new WriteFileStep(f)), cancellationToken);

        // 3. Debian packages: what follows may need them.
        if (manifest.AptPackages.Count > 0)
        {
            await InOrderAsync([new AptStep(manifest.AptPackages)], cancellationToken);
        }

        // 4. Workflows, which name models; then everything that comes over the network, at once.
        var workflows = new WorkflowPhase(context);
        foreach (var workflow in Active(manifest.Workflows, "workflows", w => ShownUrl.Of(w.Source)))
        {
            _results.Add(await workflows.RunAsync(workflow, cancellationToken));
        }

        var repositories = Active(manifest.Repositories, "nodes", r => r.Folder);
        var files = Active(manifest.FetchedFiles, "models", f => f.Destination);
        files.AddRange(workflows.Models.Where(m => !files.Any(f => f.Destination == m.Destination)));
        var fetch = new FetchPhase(context, batch);
        var fetching = fetch.RunAsync(files, progress, cancellationToken);
        var cloning = AtOnceAsync([.. repositories.Select(r => new GitStep(r, time))], cancellationToken);
        await Task.WhenAll(fetching, cloning);
        _results.AddRange(await cloning);
        _results.AddRange(await fetching);

        // 5. Python packages, those of the node packs included.
        var requirements = repositories.Where(r => r.Requirements).Select(r => new PipEntry([], Path.Combine(r.Folder, "requirements.txt")));
        await InOrderAsync(Active(manifest.Pip, "pip", p => p.RequirementsFile ?? string.Join(' ', p.Packages)).Concat(requirements).Select(p => new PipStep(p)), cancellationToken);

        // 6. Commands and scripts.
        await LastAsync(cancellationToken);
        return new ProvisioningReport { Steps = _results, BytesTransferred = fetch.Transferred, BytesResumed = fetch.Resumed };
    }

    private async Task LastAsync(CancellationToken cancellationToken)
    {
        IProvisioningStep[] steps =
        [
            .. Active(manifest.Commands, "commands", c => c.Run).Select(c => new CommandStep(c)),
            .. Active(manifest.Scripts, "scripts", s => ShownUrl.Of(s.Source)).Select(s => new ScriptStep(s)),
        ];
        foreach (var step in steps)
        {
            _results.Add(HasFailed
                ? new StepResult(step.Phase, step.Name, StepOutcome.NotTried, "something before it failed")
                : await OneAsync(step, cancellationToken));
        }
    }

    private async Task InOrderAsync(IEnumerable<IProvisioningStep> steps, CancellationToken cancellationToken)
    {
        foreach (var step in steps)
        {
            _results.Add(await OneAsync(step, cancellationToken));
        }
    }

    private async Task<StepResult[]> AtOnceAsync(IReadOnlyList<IProvisioningStep> steps, CancellationToken cancellationToken)
    {
        var results = new StepResult[steps.Count];
        var limit = new ParallelOptions { MaxDegreeOfParallelism = RepositoriesAtOnce, CancellationToken = cancellationToken };
        await Parallel.ForAsync(0, steps.Count, limit, async (index, token) => results[index] = await OneAsync(steps[index], token));
        return results;
    }

    private async Task<StepResult> OneAsync(IProvisioningStep step, CancellationToken cancellationToken)
    {
        try
        {
            if (await step.IsDoneAsync(context, cancellationToken))
            {
                return new StepResult(step.Phase, step.Name, StepOutcome.AlreadyRight);
            }

            if (context.Options.CheckOnly)
            {
                return new StepResult(step.Phase, step.Name, StepOutcome.Wanted);
            }

            return new StepResult(step.Phase, step.Name, StepOutcome.Done, await step.RunAsync(context, cancellationToken));
        }
        catch (Exception exception) when (exception is StepException or IOException or UnauthorizedAccessException)
        {
            return new StepResult(step.Phase, step.Name, StepOutcome.Failed, exception.Message);
        }
    }

    /// <summary>The entries whose conditions hold; notes the others.</summary>
    private List<T> Active<T>(IEnumerable<T> entries, string phase, Func<T, string> name)
        where T : ManifestEntry
    {
        var active = new List<T>();
        foreach (var entry in entries)
        {
            var holds = tokens.Hold(entry);
            if (holds == true)
            {
                active.Add(entry);
            }
            else if (holds == false)
            {
                _results.Add(new StepResult(phase, name(entry), StepOutcome.Skipped, $"only when {string.Join(" and ", entry.When)}"));
            }
            else
            {
                _results.Add(new StepResult(phase, name(entry), StepOutcome.NotTried, $"it is not known whether {string.Join(" and ", entry.When)}"));
            }
        }

        return active;
    }
}
