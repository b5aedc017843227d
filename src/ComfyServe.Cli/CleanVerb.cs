using System.CommandLine;
using System.Globalization;
using ComfyServe.Hosting.Logging;
using ComfyServe.Provisioning.CleanUp;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ComfyServe.Cli;

/// <summary><c>comfyserve clean</c>: frees disk space now, as the services do by themselves.</summary>
internal static class CleanVerb
{
    private const double MostHours = 1_000_000;

    public static Command Build()
    {
        var data = Options.Data();
        var dryRun = new Option<bool>("--dry-run") { Description = "Only tell what would go" };
        var low = Mebibytes("--low-mark", "CLEANUP_LOW_MB", 512, "Clean only while less than this is free");
        var high = HighMark();
        var age = new Option<double>("--max-age") { Description = "Hours after which outputs may go (default CLEANUP_MAX_AGE_HOURS, else 24)", HelpName = "HOURS", DefaultValueFactory = _ => Number("CLEANUP_MAX_AGE_HOURS", 24) }.Between(0, MostHours);
        var engines = Url("--engine", "http://127.0.0.1:18188", "Base URL of an engine that uses the data folder; may be repeated");
        var services = Url("--api", "http://127.0.0.1:18288", "Base URL of an API service that uses the data folder; may be repeated");
        var command = Verb.Create(
            "clean",
            "Deletes old outputs, previews and fetched inputs when the disk is nearly full; never what an unfinished job needs",
            "comfyserve clean --dry-run",
            "comfyserve clean --data ~/ComfyUI --low-mark 2048 --high-mark 8192");
        command.Options.Add(data);
        command.Options.Add(dryRun);
        command.Options.Add(low);
        command.Options.Add(high);
        command.Options.Add(age);
        command.Options.Add(engines);
        command.Options.Add(services);
        return command.Does(async (parsed, cancellationToken) =>
        {
            var rules = new CleanUpRules { LowMark = parsed.GetValue(low) << 20, HighMark = parsed.GetValue(high) << 20, MaxAge = TimeSpan.FromHours(parsed.GetValue(age)) };
            if (rules.HighMark < rules.LowMark)
            {
                throw new UsageException("'--high-mark' must be at least '--low-mark'");
            }

            using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
            var jobs = new ServiceJobs(http, Urls(parsed.GetRequiredValue(engines)), () => Urls(parsed.GetRequiredValue(services)), TimeProvider.System);
            using var loggers = LoggerFactory.Create(logging => logging.AddServiceLogging().SetMinimumLevel(LogLevel.Error));
            var cleaner = new Cleaner(CleanUpFolder.Of(DataFolder.Resolve(parsed.GetValue(data))), rules, jobs, VolumeSpace.Of, TimeProvider.System, loggers.CreateLogger<Cleaner>());
            return Print(await cleaner.RunAsync(parsed.GetValue(dryRun), cancellationToken), parsed.GetValue(dryRun), rules);
        });
    }

    /// <summary>Adds the clean-up of a data folder to the API service that uses it.</summary>
    /// <param name="services">The API service's own services.</param>
    /// <param name="data">The data folder.</param>
    /// <param name="engines">Base URLs of the engines that use it.</param>
    public static void AddTo(IServiceCollection services, string data, IReadOnlyList<string> engines)
    {
        var rules = new CleanUpRules { LowMark = (long)Number("CLEANUP_LOW_MB", 512) << 20, HighMark = HighMarkOfEnvironment() << 20, MaxAge = TimeSpan.FromHours(Number("CLEANUP_MAX_AGE_HOURS", 24)) };
        services.AddHostedService(provider =>
        {
            var http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(10) };
            var own = provider.GetRequiredService<IServer>();
            var time = provider.GetRequiredService<TimeProvider>();
            var jobs = new ServiceJobs(http, Urls(engines), () => Urls(own.Features.Get<IServerAddressesFeature>()?.Addresses ?? []), time);
            var cleaner = new Cleaner(CleanUpFolder.Of(data), rules, jobs, VolumeSpace.Of, time, provider.GetRequiredService<ILogger<Cleaner>>());
            return new CleanUpLoop(cleaner, rules, time, provider.GetRequiredService<ILogger<CleanUpLoop>>());
        });
    }

    private static int Print(CleanUpReport report, bool dryRun, CleanUpRules rules)
    {
        if (dryRun)
        {
            foreach (var file in report.Deleted)
            {
                Console.WriteLine($"would delete {file.Path} ({Output.Size(file.Size)}, {file.Modified.UtcDateTime:yyyy-MM-dd HH:mm}Z)");
            }
        }

        if (!report.JobsKnown)
        {
            Console.Error.WriteLine("comfyserve: a service did not tell which jobs it has; only files over the age may go");
        }

        var gone = report.Deleted.Count + report.DanglingLinks + report.EmptyFolders;
        if (gone == 0 && report.Free >= rules.LowMark)
        {
            Console.WriteLine(report.Free == long.MaxValue
                ? "nothing to clean: the data folder has no outputs, previews or fetched inputs"
                : $"nothing to clean: {Output.Size(report.Free)} are free, and cleaning begins below {Output.Size(rules.LowMark)} ('--low-mark')");
            return ExitCodes.Success;
        }

        Console.WriteLine($"{Output.Count(report.Deleted.Count, "file")} ({Output.Size(report.Deleted.Sum(f => f.Size))}), {Output.Count(report.DanglingLinks, "dangling link")} and {Output.Count(report.EmptyFolders, "empty folder")} {(dryRun ? "would go" : "deleted")}; {Output.Size(report.Free)} free");
        return report.Reached ? ExitCodes.Success : Verb.Fail($"this does not reach {Output.Size(rules.Target)} free: the rest is young ('--max-age', '--high-mark'), needed by jobs, or not ours", ExitCodes.NotRight);
    }

    private static IReadOnlyList<Uri> Urls(IEnumerable<string> urls) => [.. urls.Select(u => new Uri(u.TrimEnd('/') + "/"))];

    private static Option<long> Mebibytes(string name, string variable, long standard, string description)
    {
        var option = new Option<long>(name) { Description = $"{description}, MiB (default {variable}, else {standard})", HelpName = "MIB", DefaultValueFactory = _ => (long)Number(variable, standard) };
        return option.Between(0, 1L << 40);
    }

    private static Option<long?> HighMark()
    {
        var option = new Option<long?>("--high-mark")
        {
            Description = "Let younger outputs go too, the oldest first, until this is free, MiB (default CLEANUP_HIGH_MB, else younger ones stay)",
            HelpName = "MIB",
            DefaultValueFactory = _ => HighMarkOfEnvironment(),
        };
        return option.Between(0, 1L << 40);
    }

    private static long? HighMarkOfEnvironment() => Environment.GetEnvironmentVariable("CLEANUP_HIGH_MB") is { Length: > 0 } ? (long)Number("CLEANUP_HIGH_MB", 0) : null;

    private static Option<string[]> Url(string name, string standard, string description)
    {
        var option = new Option<string[]>(name) { Description = $"{description} (default {standard})", HelpName = "URL", DefaultValueFactory = _ => [standard] };
        option.Validators.Add(result =>
        {
            foreach (var url in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (!WebUrl.TryParse(url, out _))
                {
                    result.AddError($"'{name} {url}' is not an http or https URL");
                }
            }
        });
        return option;
    }

    private static double Number(string variable, double standard)
    {
        if (Environment.GetEnvironmentVariable(variable) is not { Length: > 0 } text)
        {
            return standard;
        }

        return double.TryParse(text, CultureInfo.InvariantCulture, out var number) && number is >= 0 and <= MostHours * 1000 ? number : throw new UsageException($"'{variable}' must be a number from 0 to {MostHours * 1000:0}, not '{text}'");
    }
}
