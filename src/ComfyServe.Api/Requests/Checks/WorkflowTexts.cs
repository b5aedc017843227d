using ComfyServe.Api.Inputs;

namespace ComfyServe.Api.Requests.Checks;

/// <summary>Replaces texts of a workflow's inputs; every other byte stays.</summary>
internal static class WorkflowTexts
{
    /// <summary>The workflow with some texts replaced; the same memory where none is.</summary>
    /// <param name="workflow">Valid JSON of a workflow.</param>
    /// <param name="replace">Gets each input that is a text, and the text; null leaves it as it is.</param>
    public static ReadOnlyMemory<byte> Replace(ReadOnlyMemory<byte> workflow, Func<WorkflowInput, string, string?> replace)
    {
        var splices = new JsonSplices();
        foreach (var input in WorkflowInputs.Read(workflow))
        {
            if (input.Text is { } text && replace(input, text) is { } other)
            {
                splices.Add(input.Start, input.End, JsonText.Encode(other));
            }
        }

        return splices.Apply(workflow);
    }
}
