using System.Text.Json.Nodes;

namespace ComfyServe.Engine.Execution;

/// <summary>The messages of a run that the history keeps; each is sent too.</summary>
internal sealed class RunJournal(string promptId, IExecutionListener listener, TimeProvider clock)
{
    /// <summary><c>[type, data]</c> of each.</summary>
    public JsonArray Messages { get; } = [];

    /// <summary>Writes and sends a message; <c>timestamp</c> is added at its end.</summary>
    public void Add(string type, JsonObject data, Audience audience = Audience.Client)
    {
        data["timestamp"] = clock.GetUtcNow().ToUnixTimeMilliseconds();
        Messages.Add(new JsonArray(type, data.DeepClone()));
        listener.Send(type, data, audience);
    }

    /// <summary>The run begins.</summary>
    public void Start() => Add("execution_start", new() { ["prompt_id"] = promptId });

    /// <summary>These nodes need not run.</summary>
    public void Cached(IEnumerable<string> nodes) =>
        Add("execution_cached", new() { ["nodes"] = Texts(nodes), ["prompt_id"] = promptId });

    /// <summary>Every output ran.</summary>
    public void Success() => Add("execution_success", new() { ["prompt_id"] = promptId });

    /// <summary>A list of texts.</summary>
    public static JsonArray Texts(IEnumerable<string> values) => new([.. values.Select(v => JsonValue.Create(v))]);
}
