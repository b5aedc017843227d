using System.Globalization;
using System.Numerics;
using System.Text.Json;
using System.Text.Json.Nodes;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Execution;

/// <summary>One entry of the queue: <c>[number, prompt_id, prompt, extra_data, outputs_to_execute]</c>.</summary>
/// <param name="Number">Its place: the smallest runs first.</param>
/// <param name="PromptId">The prompt's id.</param>
/// <param name="Prompt">The workflow, with the literals that validation converted.</param>
/// <param name="ExtraData">What the caller sent along: <c>client_id</c>, <c>extra_pnginfo</c>…</param>
/// <param name="OutputsToExecute">Ids of the output nodes that validation found good.</param>
internal sealed record QueuedPrompt(
    double Number, string PromptId, JsonObject Prompt, JsonObject ExtraData, IReadOnlyList<string> OutputsToExecute)
{
    /// <summary>The key of <c>extra_data</c> that holds the seconds that a run may take.</summary>
    public const string BudgetKey = "run_seconds";

    // A timer takes no more.
    private const double MostSeconds = 4_000_000;

    /// <summary>How long the run may take, as the caller says; null where nothing was said. In <c>extra_data</c>, which a real
    /// ComfyUI keeps and does not read.</summary>
    public TimeSpan? Budget { get; } =
        ExtraData[BudgetKey] is JsonValue seconds && seconds.GetValueKind() == JsonValueKind.Number && PythonConversion.Number(seconds) is var number
            && Convert.ToDouble(number is BigInteger whole ? (double)whole : number, CultureInfo.InvariantCulture) is > 0 and < MostSeconds and var budget
            ? TimeSpan.FromSeconds(budget)
            : null;

    /// <summary>The client that the run reports to; null where none was named.</summary>
    public string? ClientId { get; } =
        ExtraData["client_id"] is JsonValue value && value.TryGetValue(out string? id) ? id : null;
}
