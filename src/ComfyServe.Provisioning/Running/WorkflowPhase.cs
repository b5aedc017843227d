using ComfyServe.Hosting.Outbound;
using ComfyServe.Provisioning.Manifest;
using ComfyServe.Provisioning.Steps;
using ComfyServe.Provisioning.Workflows;

namespace ComfyServe.Provisioning.Running;

/// <summary>Saves workflows where the editor lists them, and tells which models they need.</summary>
internal sealed class WorkflowPhase(StepContext context)
{
    private const string Phase = "workflows";
    private readonly List<FetchedFile> _models = [];

    /// <summary>Models that the workflows name with their URLs.</summary>
    public IReadOnlyList<FetchedFile> Models => _models;

    /// <summary>Handles one workflow.</summary>
    public async Task<StepResult> RunAsync(WorkflowEntry entry, CancellationToken cancellationToken)
    {
        var name = ShownUrl.Of(entry.Source);
        try
        {
            var content = await context.Documents.ReadAsync(entry.Source, cancellationToken);
            var workflow = EditorWorkflow.Read(content, context.Paths.Models);
            if (workflow.Mistakes.Count > 0)
            {
                return new StepResult(Phase, name, StepOutcome.Failed, string.Join("; ", workflow.Mistakes));
            }

            _models.AddRange(workflow.Models.Where(m => !_models.Any(k => k.Destination == m.Destination)));
            var remark = workflow.NodePacks.Count == 0
                ? null
                : $"its nodes come from {string.Join(", ", workflow.NodePacks)}; a ComfyUI beside us needs them under 'nodes', at a commit of your choice";
            return await SaveAsync(Path.Combine(context.Paths.Workflows, entry.Name), name, content, remark, cancellationToken);
        }
        catch (StepException exception)
        {
            return new StepResult(Phase, name, StepOutcome.Failed, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new StepResult(Phase, name, StepOutcome.Failed, $"'{entry.Name}' cannot be saved: {exception.Message}");
        }
    }

    private async Task<StepResult> SaveAsync(string path, string name, byte[] content, string? remark, CancellationToken cancellationToken)
    {
        if (File.Exists(path) && (await File.ReadAllBytesAsync(path, cancellationToken)).AsSpan().SequenceEqual(content))
        {
            return new StepResult(Phase, name, StepOutcome.AlreadyRight, remark);
        }

        if (context.Options.CheckOnly)
        {
            return new StepResult(Phase, name, StepOutcome.Wanted, $"as '{path}'");
        }

        const UnixFileMode Mode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        await WriteFileStep.WriteAsync(path, content, Mode, cancellationToken);
        return new StepResult(Phase, name, StepOutcome.Done, remark);
    }
}
