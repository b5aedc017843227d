using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace ComfyServe.Bench.Forwarding;

/// <summary>What a worker adds to a request: bodies of several sizes, there and back, against the API service directly. Both take turns, so that load from elsewhere hits both.</summary>
internal static class ForwardingSuite
{
    private static readonly (int Bytes, int Rounds)[] Sizes = [(1 << 10, 400), (32 << 10, 300), (1 << 20, 60), (32 << 20, 8)];

    public static async Task<int> RunAsync()
    {
        await using var fleet = await SmallFleet.StartAsync();
        using var client = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
        Console.WriteLine($"{Environment.ProcessorCount} processors, load average before: {Load()}. The API service answers with the payload that it got. One request at a time; medians.");
        Console.WriteLine();
        Console.WriteLine("| body | direct ms | through the worker ms | added ms | direct ÷ through |");
        Console.WriteLine("| --- | --: | --: | --: | --: |");
        foreach (var (bytes, rounds) in Sizes)
        {
            var payload = Payload(bytes);
            List<double> direct = [], through = [];
            for (var round = -rounds / 10; round < rounds; round++)
            {
                var alone = await TimeAsync(client, fleet.Api, payload, payload.Length);
                var body = Encoding.UTF8.GetBytes($$"""{"auth_data":{{fleet.Ticket()}},"session_id":null,"payload":{{Encoding.UTF8.GetString(payload)}}}""");
                var forwarded = await TimeAsync(client, fleet.Worker, body, payload.Length);
                if (round >= 0)
                {
                    direct.Add(alone);
                    through.Add(forwarded);
                }
            }

            var (d, t) = (Median(direct), Median(through));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {Name(bytes)} | {d:0.00} | {t:0.00} | {t - d:0.00} | {d / t:0.00} |"));
        }

        Console.WriteLine();
        Console.WriteLine($"Load average after: {Load()}.");
        return 0;
    }

    private static byte[] Payload(int bytes)
    {
        var empty = new JsonObject { ["input"] = new JsonObject { ["image"] = "" } }.ToJsonString();
        return Encoding.UTF8.GetBytes(empty.Replace("\"\"", $"\"{new string('x', bytes - empty.Length)}\"", StringComparison.Ordinal));
    }

    private static async Task<double> TimeAsync(HttpClient client, string url, byte[] body, int expected)
    {
        var began = Stopwatch.GetTimestamp();
        using var content = new ByteArrayContent(body) { Headers = { ContentType = new("application/json") } };
        using var answer = await client.PostAsync(url + "/generate/sync", content);
        var read = await answer.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync();
        return read.Length == expected ? Stopwatch.GetElapsedTime(began).TotalMilliseconds : throw new InvalidOperationException($"{read.Length} bytes came back instead of {expected}");
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return (values[(values.Count - 1) / 2] + values[values.Count / 2]) / 2;
    }

    private static string Name(int bytes) => bytes >= 1 << 20 ? $"{bytes >> 20} MiB" : $"{bytes >> 10} KiB";

    private static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";
}
