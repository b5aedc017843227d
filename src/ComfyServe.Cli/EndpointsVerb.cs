using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve endpoints</c>: lists, makes, changes and deletes endpoints.</summary>
internal static class EndpointsVerb
{
    private static readonly (string Option, string Member, string Description)[] Parameters =
    [
        ("--min-load", "min_load", "Least active capacity, load units per second (default 1)"),
        ("--min-cold-load", "min_cold_load", "Least active and inactive capacity, load units per second (default 0)"),
        ("--target-util", "target_util", "Share of the active capacity that the load should use (default 0.9)"),
        ("--cold-mult", "cold_mult", "Active and inactive capacity as a multiple of the load (default 3)"),
        ("--cold-workers", "cold_workers", "Least number of loaded workers, active and inactive (default 5)"),
        ("--max-workers", "max_workers", "Most workers in any state (default 16)"),
        ("--max-queue-time", "max_queue_time", "Seconds of queue at which a worker gets no more requests (default 30)"),
        ("--target-queue-time", "target_queue_time", "Seconds of queue above which the endpoint scales up hard (default 10)"),
        ("--max-cost", "max_cost", "Largest cost of a request in load units; 0 for the default, 100 times the mean of the endpoint's requests"),
        ("--inactivity-timeout", "inactivity_timeout", "Idle seconds before scaling to zero; 0 at once, negative never"),
    ];

    public static Command Build()
    {
        var command = Verb.Create("endpoints", "Lists, makes, changes and deletes endpoints");
        command.Subcommands.Add(BuildList());
        command.Subcommands.Add(BuildWrite("create", "Makes an endpoint", "comfyserve endpoints create comfyui-json --min-load 0 --cold-workers 0 --inactivity-timeout 300"));
        command.Subcommands.Add(BuildWrite("update", "Changes parameters of an endpoint; those not given stay", "comfyserve endpoints update comfyui-json --state suspended"));
        command.Subcommands.Add(BuildDelete());
        return command;
    }

    private static Command BuildList()
    {
        var command = Verb.Create("list", "Lists endpoints with their parameters", "comfyserve endpoints list", "comfyserve endpoints list --json");
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var endpoints = await gateway.EndpointsAsync(cancellationToken);
            foreach (var endpoint in endpoints)
            {
                endpoint.Remove("api_key"); // printed when the endpoint is made, and never again
            }

            if (fleet.Json(parsed))
            {
                Sheet.Json(new JsonObject { ["endpoints"] = new JsonArray([.. endpoints.Select(e => e.DeepClone())]) });
                return ExitCodes.Success;
            }

            AnsiConsole.Write(Sheet.Of(
                endpoints, ("id", "id"), ("name", "endpoint_name"), ("state", "endpoint_state"), ("min load", "min_load"), ("util", "target_util"),
                ("cold", "cold_workers"), ("max", "max_workers"), ("queue s", "max_queue_time"), ("idle s", "inactivity_timeout")));
            return ExitCodes.Success;
        });
    }

    private static Command BuildWrite(string name, string description, string example)
    {
        var endpoint = new Argument<string>("NAME") { Description = "The endpoint" };
        var state = new Option<string?>("--state") { Description = "'active', 'suspended' or 'stopped'", HelpName = "STATE" };
        var parameters = Parameters.Select(p => (p.Member, Option: new Option<double?>(p.Option) { Description = p.Description, HelpName = "NUMBER" }.Between(0, 1e12))).ToList();
        var command = Verb.Create(name, description, example);
        command.Arguments.Add(endpoint);
        foreach (var (_, option) in parameters)
        {
            command.Options.Add(option);
        }

        command.Options.Add(state);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var body = new JsonObject { ["client_id"] = "me" };
            foreach (var (member, option) in parameters)
            {
                if (parsed.GetValue(option) is { } value)
                {
                    body[member] = value == Math.Floor(value) ? (long)value : value;
                }
            }

            if (parsed.GetValue(state) is { } chosen)
            {
                body["endpoint_state"] = chosen;
            }

            using var gateway = fleet.Connect(parsed);
            var id = await WriteAsync(gateway, name, parsed.GetRequiredValue(endpoint), body, cancellationToken);
            var view = (await gateway.CallAsync(HttpMethod.Get, $"/api/v0/endptjobs/{id}/", null, cancellationToken))["result"]!;
            if (name != "create")
            {
                view.AsObject().Remove("api_key");
            }

            var text = $"endpoint '{view["endpoint_name"]}' ({id})";
            Sheet.Answer(fleet.Json(parsed), view, name == "create" ? $"{text}, key {view["api_key"]}" : text);
            return ExitCodes.Success;
        });
    }

    private static async Task<long> WriteAsync(GatewayCalls gateway, string verb, string name, JsonObject body, CancellationToken cancellationToken)
    {
        if (verb == "create")
        {
            body["endpoint_name"] = name;
            return (long)(await gateway.CallAsync(HttpMethod.Post, "/api/v0/endptjobs/", body, cancellationToken))["result"]!;
        }

        var id = (long)(await gateway.EndpointAsync(name, cancellationToken))["id"]!;
        await gateway.CallAsync(HttpMethod.Put, string.Create(CultureInfo.InvariantCulture, $"/api/v0/endptjobs/{id}/"), body, cancellationToken);
        return id;
    }

    private static Command BuildDelete()
    {
        var endpoint = new Argument<string>("NAME") { Description = "The endpoint" };
        var command = Verb.Create("delete", "Deletes an endpoint with its workers and keys", "comfyserve endpoints delete comfyui-json");
        command.Arguments.Add(endpoint);
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var id = (long)(await gateway.EndpointAsync(parsed.GetRequiredValue(endpoint), cancellationToken))["id"]!;
            var answer = await gateway.CallAsync(HttpMethod.Delete, $"/api/v0/endptjobs/{id}/", null, cancellationToken);
            Sheet.Answer(fleet.Json(parsed), answer, (string?)answer["msg"]);
            return ExitCodes.Success;
        });
    }
}
