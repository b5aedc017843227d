using System.CommandLine;
using System.Text.Json.Nodes;
using ComfyServe.Cli.Fleet;
using Spectre.Console;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve top</c>: all endpoints with their workers, renewed each second.</summary>
internal static class TopVerb
{
    private static readonly (string Heading, string Member)[] Columns =
    [
        ("endpoint", "endpoint"), ("worker", "id"), ("status", "status"), ("perf", "perf"), ("load", "cur_load"),
        ("arriving/s", "new_load"), ("served/s", "cur_perf"), ("requests", "reqs_working"), ("url", "url"),
    ];

    public static Command Build()
    {
        var command = Verb.Create("top", "Watches all endpoints and workers until Ctrl-C; with --json, or not on a terminal, shows them once", "comfyserve top");
        var fleet = FleetOptions.For(command);
        return command.Does(async (parsed, cancellationToken) =>
        {
            using var gateway = fleet.Connect(parsed);
            var rows = await RowsAsync(gateway, cancellationToken);
            if (fleet.Json(parsed))
            {
                Sheet.Json(new JsonObject { ["workers"] = new JsonArray([.. rows.Select(r => r.DeepClone())]) });
            }
            else if (Console.IsOutputRedirected)
            {
                AnsiConsole.Write(Sheet.Of(rows, Columns));
            }
            else
            {
                await AnsiConsole.Live(Sheet.Of(rows, Columns)).StartAsync(live => WatchAsync(gateway, live, cancellationToken));
            }

            return ExitCodes.Success;
        });
    }

    private static async Task WatchAsync(GatewayCalls gateway, LiveDisplayContext live, CancellationToken cancellationToken)
    {
        using var second = new PeriodicTimer(TimeSpan.FromSeconds(1), TimeProvider.System);
        while (await second.WaitForNextTickAsync(cancellationToken))
        {
            live.UpdateTarget(Sheet.Of(await RowsAsync(gateway, cancellationToken), Columns));
            live.Refresh();
        }
    }

    private static async Task<IReadOnlyList<JsonObject>> RowsAsync(GatewayCalls gateway, CancellationToken cancellationToken)
    {
        List<JsonObject> rows = [];
        foreach (var endpoint in await gateway.EndpointsAsync(cancellationToken))
        {
            var workers = await gateway.WorkersAsync((long)endpoint["id"]!, cancellationToken);
            if (workers.Count == 0)
            {
                rows.Add(new JsonObject { ["endpoint"] = (string?)endpoint["endpoint_name"], ["status"] = "no workers" });
            }

            foreach (var worker in workers)
            {
                worker["endpoint"] = (string?)endpoint["endpoint_name"];
                rows.Add(worker);
            }
        }

        return rows;
    }
}
