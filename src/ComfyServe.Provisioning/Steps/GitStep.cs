using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Git;
using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Running;

namespace ComfyServe.Provisioning.Steps;

/// <summary>Clones a repository at a commit, or moves a clone to it.</summary>
internal sealed class GitStep(GitEntry entry, TimeProvider time) : IProvisioningStep
{
    /// <inheritdoc/>
    public string Phase => "nodes";

    /// <inheritdoc/>
    public string Name => $"{ShownUrl.Of(entry.Url)} → {entry.Folder}";

    /// <summary>A commit that is checked out is right; what a branch means only its server knows.</summary>
    public Task<bool> IsDoneAsync(StepContext context, CancellationToken cancellationToken) =>
        Task.FromResult(entry.IsPinned && string.Equals(GitCheckout.Head(entry.Folder), entry.Reference, StringComparison.OrdinalIgnoreCase));

    /// <inheritdoc/>
    public async Task<string?> RunAsync(StepContext context, CancellationToken cancellationToken)
    {
        var checkout = new GitCheckout(entry.Url, entry.Folder) { Submodules = entry.Submodules, Overwrite = context.Options.Force };
        try
        {
            var commit = await checkout.MoveToAsync(entry.Reference, context.Options.GitTimeout, time, cancellationToken);
            return entry.IsPinned ? null : $"commit {commit}; name this commit to get the same code always";
        }
        catch (GitException exception)
        {
            throw new StepException(exception.Message);
        }
    }
}
