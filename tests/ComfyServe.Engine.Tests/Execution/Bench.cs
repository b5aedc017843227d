using System.Text.Json.Nodes;
using ComfyServe.Engine.Execution;
using ComfyServe.Engine.Folders;
using ComfyServe.Engine.Nodes;
using ComfyServe.Engine.Nodes.Schema;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Engine.Tests.Execution;

/// <summary>A validator and an executor with a data folder of their own.</summary>
internal sealed class Bench : IDisposable
{
    private int _prompts;

    public Bench(bool withTestNodes = false)
    {
        Catalogue = withTestNodes ? ToyNodes.Catalogue : NodeCatalogue.BuiltIn;
        Folders = new EngineFolders(Root);
        Validator = new PromptValidator(Catalogue, Folders);
        Executor = new PromptExecutor(Catalogue, Folders, Models, Clock, new Random(1));
    }

    public string Root { get; } = Directory.CreateTempSubdirectory("comfyserve-run").FullName;

    public NodeCatalogue Catalogue { get; }

    public EngineFolders Folders { get; }

    /// <summary>Cancel it to interrupt; stays cancelled.</summary>
    public CancellationTokenSource Interrupt { get; } = new();

    public ModelCache Models { get; } = new();

    public FakeTimeProvider Clock { get; } = new(new DateTimeOffset(2026, 3, 7, 4, 5, 9, TimeSpan.Zero));

    public PromptValidator Validator { get; }

    public PromptExecutor Executor { get; }

    public static JsonObject Prompt(string json) => JsonNode.Parse(json)!.AsObject();

    public PromptValidation Validate(string prompt) => Validator.Validate(Prompt(prompt), null);

    /// <summary>Validates and runs a prompt that must be valid.</summary>
    public (ExecutionOutcome Outcome, RecordedRun Run) Run(string prompt, RecordedRun? listener = null, JsonObject? extra = null) =>
        Run(prompt, Executor, listener, extra);

    /// <summary>Validates and runs a prompt that must be valid, on an executor of its own.</summary>
    public (ExecutionOutcome Outcome, RecordedRun Run) Run(
        string prompt, PromptExecutor executor, RecordedRun? listener = null, JsonObject? extra = null)
    {
        var graph = Prompt(prompt);
        var validation = Validator.Validate(graph, null);
        Assert.Null(validation.Error?.ToJsonString());
        listener ??= new RecordedRun();
        var queued = new QueuedPrompt(_prompts, $"prompt-{_prompts++}", graph, extra ?? new JsonObject { ["client_id"] = "me" }, validation.OutputsToExecute);
        return (executor.Run(queued, listener, Interrupt.Token), listener);
    }

    public void Dispose()
    {
        Executor.ResetCaches();
        Interrupt.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
