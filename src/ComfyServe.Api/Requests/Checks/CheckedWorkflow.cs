namespace ComfyServe.Api.Requests.Checks;

/// <summary>What the check of a workflow found.</summary>
/// <param name="Workflow">The workflow to run: paths that could only mean one choice are that choice.</param>
/// <param name="Problems">Every mistake; empty where something can run.</param>
/// <param name="Warnings">What is left out or taken for something else although the rest runs.</param>
internal sealed record CheckedWorkflow(ReadOnlyMemory<byte> Workflow, IReadOnlyList<ValidationProblem> Problems, IReadOnlyList<string> Warnings);
