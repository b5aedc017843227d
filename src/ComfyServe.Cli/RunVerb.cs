using System.CommandLine;
using System.Diagnostics;
using System.Text.Json;
using ComfyServe.Cli.Run;
using ComfyServe.Contracts.Api;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve run</c>: one workflow, start to pictures.</summary>
internal static class RunVerb
{
    private const long LeastRoom = 16 << 20;

    public static Command Build()
    {
        var workflow = new Argument<string>("WORKFLOW") { Description = "Workflow: JSON in API format or as the editor saves it, or a PNG that ComfyUI saved" };
        var set = new Option<string[]>("--set") { Description = "Change an input of a node; may be repeated", HelpName = "NODE.INPUT=VALUE", DefaultValueFactory = _ => [] };
        var output = new Option<string>("--output", "-o") { Description = "Folder to save the outputs in (default out)", HelpName = "DIR", DefaultValueFactory = _ => "out" };
        var api = new Option<string?>("--api") { Description = "Use this API service instead of starting one", HelpName = "URL" };
        var endpoint = new Option<string?>("--endpoint") { Description = "Send the workflow to this endpoint of a gateway; the key is COMFYSERVE_API_KEY", HelpName = "NAME" };
        var gateway = new Option<string?>("--gateway") { Description = "The gateway of '--endpoint' (default: COMFYSERVE_GATEWAY, else http://localhost:8080)", HelpName = "URL" };
        var fp32 = new Option<bool>("--fp32") { Description = "Compute in 32-bit floating point (only without '--api')" };
        var data = Options.Data();
        var json = Options.Json();
        var command = Verb.Create(
            "run",
            "Runs a workflow, shows its progress and saves its outputs",
            "comfyserve run samples/text-to-image.json --set 6.text=\"a red circle on a blue background\" --output out",
            "comfyserve run workflow.json --set 3.seed=7 --set 3.steps=30 --api http://127.0.0.1:18288 --json",
            "comfyserve run workflow.json --endpoint comfyui-json --gateway http://127.0.0.1:8080");
        command.Validators.Add(result =>
        {
            if (result.GetValue(api) is not null && result.GetValue(endpoint) is not null)
            {
                result.AddError("'--api' and '--endpoint' exclude each other");
            }
        });
        command.Arguments.Add(workflow);
        foreach (var option in new Option[] { set, output, api, endpoint, gateway, fp32, data, json })
        {
            command.Options.Add(option);
        }

        return command.Does(async (parsed, cancellationToken) =>
        {
            var began = Stopwatch.GetTimestamp();
            var file = Read(parsed.GetRequiredValue(workflow), parsed.GetRequiredValue(output));
            if (file.IsEditorFormat && parsed.GetValue(endpoint) is not null)
            {
                throw new UsageException("A workflow in the editor's format cannot be sent through a gateway; in ComfyUI, use 'Workflow → Export (API)' and give that file");
            }

            if (!file.IsEditorFormat)
            {
                Prepare(file, parsed.GetValue(set) ?? []); // A mistake is told before anything is started.
            }

            await using var stack = await ConnectAsync(parsed.GetValue(api), parsed.GetValue(endpoint), parsed.GetValue(data), parsed.GetValue(fp32), cancellationToken);
            IReadOnlyList<string> notes = [];
            if (file.IsEditorFormat)
            {
                (var converted, notes) = await new RunClient(stack.Http).ConvertAsync(file.Graph, cancellationToken);
                file = file.With(converted);
                Prepare(file, parsed.GetValue(set) ?? []);
            }

            var quiet = parsed.GetValue(json);
            var result = parsed.GetValue(endpoint) is { } name
                ? await EndpointRun.RunAsync(parsed.GetValue(gateway), name, file, quiet, cancellationToken)
                : await FollowAsync(stack.Http, file, quiet, cancellationToken);
            result = notes.Count == 0 ? result : result with { Warnings = [.. notes, .. result.Warnings ?? []] };
            var saved = await OutputSaver.SaveAsync(stack.Http, result.Output, Path.GetFullPath(parsed.GetRequiredValue(output)), cancellationToken);
            return Report(result, saved, Stopwatch.GetElapsedTime(began), quiet, stack);
        });
    }

    /// <summary>Reads the workflow, where its outputs can be saved: a run must not be lost for that.</summary>
    private static WorkflowFile Read(string workflow, string output)
    {
        OutputPlace.Check(output, "--output", LeastRoom);
        return WorkflowFile.Read(workflow);
    }

    /// <summary>Sets the caller's values and takes the files in that lie beside the workflow.</summary>
    private static void Prepare(WorkflowFile file, string[] assignments)
    {
        foreach (var assignment in assignments)
        {
            file.Set(assignment);
        }

        foreach (var input in file.LocalInputs().ToList())
        {
            // What leaves this machine is said, on the channel that no program reads results from.
            Console.Error.WriteLine($"note: '{input.Path}' is sent as {input.NodeId}.{input.Name}");
            input.Inline();
        }
    }

    /// <summary>Where the run happens: an API service elsewhere, a worker (outputs come from URLs alone), or this process.</summary>
    private static async Task<LocalStack> ConnectAsync(string? api, string? endpoint, string? data, bool fp32, CancellationToken cancellationToken) =>
        api is not null ? LocalStack.Elsewhere(api)
        : endpoint is not null ? LocalStack.Nowhere()
        : await LocalStack.StartAsync(data, fp32, cancellationToken);

    private static async Task<GenerateResult> FollowAsync(HttpClient api, WorkflowFile file, bool quiet, CancellationToken cancellationToken)
    {
        using var display = RunDisplay.Create(file.Graph, quiet);
        var result = await new RunClient(api).RunAsync(file, display.Show, cancellationToken);
        display.Finish();
        return result;
    }

    private static int Report(GenerateResult result, IReadOnlyList<SavedOutput> saved, TimeSpan elapsed, bool json, LocalStack stack)
    {
        var completed = result.Status == JobStatus.Completed;
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new RunReport(result, saved, Math.Round(elapsed.TotalSeconds, 3)), Output.Json));
        }
        else
        {
            foreach (var warning in result.Warnings ?? [])
            {
                Console.Error.WriteLine($"note: {warning}");
            }

            foreach (var output in saved)
            {
                Console.WriteLine(output.Problem is null ? output.Path : $"{output.Filename}: not saved: {output.Problem}");
                if (output.Problem is null && stack.Outlives(output.Url))
                {
                    Console.WriteLine($"  {output.Url}");
                }
            }

            foreach (var text in result.Texts ?? [])
            {
                Console.WriteLine($"node {text.NodeId}: {text.Text}");
            }

            Console.WriteLine(Timings(result.Timings, elapsed));
        }

        if (!completed)
        {
            return Verb.Fail(result.Error?.Message ?? result.Message, result.Status == JobStatus.Cancelled ? ExitCodes.Cancelled : ExitCodes.WorkflowFailed);
        }

        return saved.Any(o => o.Problem is not null) ? ExitCodes.Internal : ExitCodes.Success;
    }

    private static string Timings(JobTimings timings, TimeSpan elapsed)
    {
        var stages = new (string Name, long? Milliseconds)[]
        {
            ("inputs", timings.PreprocessMs), ("waiting", timings.QueueMs), ("generation", timings.GenerationMs), ("outputs", timings.PostprocessMs),
        };
        var parts = stages.Where(s => s.Milliseconds is not null).Select(s => $"{s.Name} {s.Milliseconds / 1000.0:0.00} s");
        return $"{elapsed.TotalSeconds:0.0} s in all ({string.Join(", ", parts)})";
    }
}
