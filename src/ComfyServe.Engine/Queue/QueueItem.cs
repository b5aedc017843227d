using System.Text;
using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using ComfyServe.Workflows.Json;

namespace ComfyServe.Engine.Queue;

/// <summary>A prompt in the queue, with the text that <c>/queue</c> and <c>/history</c> show of it.</summary>
internal sealed class QueueItem
{
    /// <summary>Keys of <c>extra_data</c> that nobody gets to read back.</summary>
    private static readonly string[] Secrets = ["auth_token_comfy_org", "api_key_comfy_org"];

    /// <summary>Makes an entry; its text is written once, here.</summary>
    /// <param name="prompt">The validated prompt.</param>
    /// <param name="number">Its number as clients see it: <c>3</c> for a counted one, <c>3.0</c> for one that the caller chose.</param>
    public QueueItem(QueuedPrompt prompt, JsonNode number)
    {
        Prompt = prompt;
        var text = new StringBuilder(512).Append('[');
        PythonJson.Write(text, number);
        text.Append(", ");
        PythonJson.WriteString(text, prompt.PromptId);
        text.Append(", ");
        PythonJson.Write(text, prompt.Prompt);
        text.Append(", ");
        PythonJson.Write(text, WithoutSecrets(prompt.ExtraData));
        text.Append(", ");
        PythonJson.Write(text, new JsonArray([.. prompt.OutputsToExecute.Select(id => JsonValue.Create(id))]));
        Text = text.Append(']').ToString();
    }

    /// <summary>The prompt.</summary>
    public QueuedPrompt Prompt { get; }

    /// <summary><c>[number, prompt_id, prompt, extra_data, outputs_to_execute]</c> as JSON.</summary>
    public string Text { get; }

    /// <summary>Whether this runs before another: by number, then by id.</summary>
    public bool Precedes(QueueItem other)
    {
        var byNumber = Prompt.Number.CompareTo(other.Prompt.Number);
        return byNumber < 0 || (byNumber == 0 && string.CompareOrdinal(Prompt.PromptId, other.Prompt.PromptId) < 0);
    }

    private static JsonObject WithoutSecrets(JsonObject extra)
    {
        if (!Secrets.Any(extra.ContainsKey))
        {
            return extra;
        }

        var copy = extra.DeepClone().AsObject();
        foreach (var secret in Secrets)
        {
            copy.Remove(secret);
        }

        return copy;
    }
}
