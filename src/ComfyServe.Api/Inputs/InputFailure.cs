using ComfyServe.Contracts.Api;

namespace ComfyServe.Api.Inputs;

/// <summary>An input that could not be had.</summary>
/// <param name="Input">Which.</param>
/// <param name="Why">Why.</param>
internal sealed record InputFailure(FileInput Input, InputException Why)
{
    /// <summary>The reason, with the input's place.</summary>
    public string Message => Why.Message.Contains(Input.Place, StringComparison.Ordinal) ? Why.Message : $"{Why.Message} ({Input.Place})";

    /// <summary>As a mistake in the request.</summary>
    public FieldProblem ToProblem() => new("input_refused", ["body", "input", "workflow_json", Input.NodeId, "inputs", Input.Name], Why.Message);
}
