using System.CommandLine;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve workers</c>: lists an endpoint's workers, makes places for those started by hand, and manages workergroups.</summary>
internal static class WorkersVerb
{
    public static Command Build()
    {
        var command = Verb.Create("workers", "Lists workers, registers those that are started by hand, and manages workergroups");
        command.Subcommands.Add(BuildList());
        command.Subcommands.Add(BuildCreate());
        command.Subcommands.Add(BuildRemove());
        command.Subcommands.Add(BuildGroups());
        command.Subcommands.Add(BuildRecruit());
        command.Subcommands.Add(BuildGroupCall("update", "Replaces a workergroup's workers one after another without a gap in service", HttpMethod.Post, "comfyserve workers update 3"));
        command.Subcommands.Add(BuildGroupCall("dismiss", "Deletes a workergroup with its workers", HttpMethod.Delete, "comfyserve workers dismiss 3"));
        return command;
    }

    private static Option<string> Endpoint() => new("--endpoint") { Description = "Name of the endpoint", HelpName = "NAME", Required = true };

    private static Command BuildList()
    {
        var endpoint = Endpoint();
        var command = Verb.Create("list", "Lists an endpoint's workers", "comfyserve workers list --endpoint comfyui-json");
        command.Options.Add(endpoint);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var found = await gateway.EndpointAsync(parsed.GetRequiredValue(endpoint), cancellationToken);
            var workers = await gateway.WorkersAsync((long)found["id"]!, cancellationToken);
            if (fleet.Json(parsed))
            {
                Sheet.Json(new JsonObject { ["workers"] = new JsonArray([.. workers.Select(w => w.DeepClone())]) });
                return ExitCodes.Success;
            }

            AnsiConsole.Write(Sheet.Of(
                workers, ("id", "id"), ("status", "status"), ("perf", "perf"), ("measured", "measured_perf"), ("load", "cur_load"),
                ("requests", "reqs_working"), ("group", "workergroup_id"), ("url", "url"), ("error", "error_msg")));
            return ExitCodes.Success;
        });
    }

    private static Command BuildCreate()
    {
        var endpoint = Endpoint();
        var command = Verb.Create(
            "create",
            "Makes a place for a worker that is started by hand, and prints what it needs: CONTAINER_ID, MASTER_TOKEN and REPORT_ADDR",
            "comfyserve workers create --endpoint comfyui-json --json");
        command.Options.Add(endpoint);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var place = await gateway.CallAsync(
                HttpMethod.Post, $"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(endpoint))}/workers", null, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), place, $"CONTAINER_ID={place["id"]}\nMASTER_TOKEN={place["mtoken"]}\nREPORT_ADDR={place["report_addr"]}");
            return ExitCodes.Success;
        });
    }

    private static Command BuildRemove()
    {
        var endpoint = Endpoint();
        var worker = new Argument<long>("ID") { Description = "The worker" };
        var command = Verb.Create("remove", "Removes a worker: it gets no more requests and its token is void", "comfyserve workers remove 7 --endpoint comfyui-json");
        command.Arguments.Add(worker);
        command.Options.Add(endpoint);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var id = parsed.GetValue(worker);
            var answer = await gateway.CallAsync(
                HttpMethod.Delete, $"/api/v1/endpoints/{Uri.EscapeDataString(parsed.GetRequiredValue(endpoint))}/workers/{id}", null, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, $"worker {id} removed");
            return ExitCodes.Success;
        });
    }

    private static Command BuildGroups()
    {
        var command = Verb.Create("groups", "Lists workergroups: who makes the workers of which endpoint", "comfyserve workers groups");
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var list = await gateway.CallAsync(HttpMethod.Get, "/api/v0/workergroups/", null, cancellationToken);
            List<JsonObject> groups = [.. (list["results"] as JsonArray ?? []).OfType<JsonObject>()];
            var overview = await gateway.CallAsync(HttpMethod.Get, "/api/v1/overview", null, cancellationToken);
            AddTrouble(groups, overview);

            if (fleet.Json(parsed))
            {
                Sheet.Json(new JsonObject { ["groups"] = new JsonArray([.. groups.Select(g => g.DeepClone())]) });
                return ExitCodes.Success;
            }

            AnsiConsole.Write(Sheet.Of(groups, ("id", "id"), ("endpoint", "endpoint_name"), ("provider", "provider"), ("template", "template_hash"), ("cold", "cold_workers"), ("arguments", "launch_args"), ("paused s", "paused_seconds"), ("error", "error")));
            return ExitCodes.Success;
        });
    }

    /// <summary>Adds to each workergroup what went wrong last and how long it pauses; takes out the endpoint's key, which is no business of such a list.</summary>
    internal static void AddTrouble(IReadOnlyList<JsonObject> groups, JsonNode overview)
    {
        var now = (overview["endpoints"] as JsonArray ?? []).SelectMany(static e => e?["workergroups"] as JsonArray ?? []).OfType<JsonObject>().ToDictionary(static g => (long)g["id"]!);
        foreach (var group in groups)
        {
            group.Remove("api_key");
            if (now.TryGetValue((long)group["id"]!, out var found))
            {
                group["error"] = found["error"]?.DeepClone();
                group["paused_seconds"] = found["paused_seconds"]?.DeepClone();
            }
        }
    }

    private static Command BuildRecruit()
    {
        var endpoint = Endpoint();
        var provider = new Option<string>("--provider") { Description = "Who makes the workers, for example 'process' (default)", HelpName = "NAME", DefaultValueFactory = _ => "process" };
        var template = new Option<string?>("--template") { Description = "Version text; the workers are updated when it changes", HelpName = "TEXT" };
        var arguments = new Option<string?>("--launch-args") { Description = "Arguments for the worker's program", HelpName = "TEXT" };
        var settings = new Option<string[]>("--set") { Description = "A setting of the provider, NAME=VALUE; may be repeated", HelpName = "NAME=VALUE", DefaultValueFactory = _ => [] };
        var command = Verb.Create("recruit", "Makes a workergroup: from now on the provider makes the endpoint's workers as the load asks", "comfyserve workers recruit --endpoint comfyui-json --provider process --set slots=2");
        command.Options.Add(endpoint);
        command.Options.Add(provider);
        command.Options.Add(template);
        command.Options.Add(arguments);
        command.Options.Add(settings);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var body = new JsonObject
            {
                ["client_id"] = "me",
                ["endpoint_name"] = parsed.GetRequiredValue(endpoint),
                ["provider"] = parsed.GetRequiredValue(provider),
                ["template_hash"] = parsed.GetValue(template),
                ["launch_args"] = parsed.GetValue(arguments),
                ["provider_settings"] = Settings(parsed.GetValue(settings) ?? []),
            };
            using var gateway = fleet.Connect(parsed);
            var answer = await gateway.CallAsync(HttpMethod.Post, "/api/v0/workergroups/", body, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, $"workergroup {answer["id"]}");
            return ExitCodes.Success;
        });
    }

    private static Command BuildGroupCall(string name, string description, HttpMethod method, string example)
    {
        var group = new Argument<long>("GROUP") { Description = "The workergroup's id, see 'workers groups'" };
        var command = Verb.Create(name, description, example);
        command.Arguments.Add(group);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var id = parsed.GetValue(group);
            var answer = method == HttpMethod.Delete
                ? await gateway.CallAsync(method, $"/api/v0/workergroups/{id}/", null, cancellationToken)
                : await gateway.CallAsync(method, "/update_workers/", new JsonObject { ["workergroup_id"] = id }, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, (string?)answer["msg"] ?? $"{answer["workers_to_update"]} workers to update");
            return ExitCodes.Success;
        });
    }

    private static JsonObject Settings(string[] pairs)
    {
        var settings = new JsonObject();
        foreach (var pair in pairs)
        {
            var at = pair.IndexOf('=', StringComparison.Ordinal);
            if (at <= 0)
            {
                throw new UsageException($"'--set {pair}' wants NAME=VALUE");
            }

            settings[pair[..at]] = pair[(at + 1)..];
        }

        return settings;
    }
}
