using System.Net;
using System.Net.Sockets;
using ComfyServe.Cli.Doctor;
using ComfyServe.Testing.Databases;
using ComfyServe.Testing.Web;
using Microsoft.Extensions.Time.Testing;

namespace ComfyServe.Cli.Tests.Doctor;

/// <summary>The checks of <c>comfyserve doctor</c>: each says what is wrong, and what to do about it.</summary>
public sealed class DoctorTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("comfyserve-doctor-");
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(10) };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _http.Dispose();
        _folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("2.27", nameof(FindingLevel.Problem))]
    [InlineData("2.28", nameof(FindingLevel.Ok))]
    [InlineData("2.36", nameof(FindingLevel.Ok))]
    public void CLibrary_Version_IsJudged(string version, string level) => Assert.Equal(level, LibraryCheck.CLibrary(version).Level.ToString());

    [Theory]
    [InlineData("… GLIBCXX_3.4.31 GLIBCXX_3.4.32 …", nameof(FindingLevel.Ok))]
    [InlineData("… GLIBCXX_3.4.30 …", nameof(FindingLevel.Warning))]
    [InlineData(null, nameof(FindingLevel.Problem))]
    public void CppLibrary_File_IsJudged(string? content, string level)
    {
        var path = Path.Combine(_folder.FullName, "libstdc++.so.6");
        if (content is not null)
        {
            File.WriteAllText(path, content);
        }

        Assert.Equal(level, LibraryCheck.CppLibrary(["/nowhere/libstdc++.so.6", path]).Level.ToString());
    }

    [Fact]
    public void Libraries_OfThisMachine_Compute() => Assert.All(LibraryCheck.Run(), static f => Assert.NotEqual(FindingLevel.Problem, f.Level));

    [Theory]
    [InlineData("fpu avx2", nameof(FindingLevel.Ok))]
    [InlineData("fpu sse2", nameof(FindingLevel.Problem))]
    public void Processor_Flags_AreJudged(string flags, string level)
    {
        var findings = ProcessorCheck.Judge($"model name\t: Some CPU\nflags\t\t: {flags}\n", 4, 16L << 30).ToList();

        Assert.Equal(level, findings[0].Level.ToString());
        Assert.Contains("Some CPU, 4 cores", findings[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Format_OfThisMachine_IsNamedWithItsMeasurement()
    {
        var finding = FormatCheck.Run().First();

        Assert.Equal(FindingLevel.Ok, finding.Level);
        Assert.Matches("^models compute in (fp32|bf16): (a small network takes [0-9]+ ms in fp32, .*bf16|bf16 computes wrong)", finding.Message);
    }

    [Theory]
    [InlineData(5.9, nameof(FindingLevel.Problem))]
    [InlineData(7, nameof(FindingLevel.Warning))]
    [InlineData(8, nameof(FindingLevel.Ok))]
    public void Memory_Amount_IsJudged(double gibibytes, string level) =>
        Assert.Equal(level, ProcessorCheck.Judge("", 1, (long)(gibibytes * (1L << 30))).Single(static f => f.Area == "memory").Level.ToString());

    [Theory]
    [InlineData("echo 'NVIDIA L4, 23034 MiB, 570.10'", nameof(FindingLevel.Ok), "NVIDIA L4")]
    [InlineData("echo no driver >&2; exit 9", nameof(FindingLevel.Problem), "exit code 9")]
    [InlineData("exec sleep 60", nameof(FindingLevel.Problem), "does not answer")]
    public async Task Gpu_Program_IsJudged(string script, string level, string said)
    {
        var finding = await GpuCheck.AskAsync(Program(script), "/dev/null", TimeSpan.FromSeconds(script.Contains("sleep", StringComparison.Ordinal) ? 0.3 : 30), Token);

        Assert.Equal(level, finding.Level.ToString());
        Assert.Contains(said, finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/dev/null", nameof(FindingLevel.Problem))]
    [InlineData("/dev/no-such-device", nameof(FindingLevel.NotUsed))]
    public async Task Gpu_NoProgram_DependsOnTheDevice(string device, string level) =>
        Assert.Equal(level, (await GpuCheck.AskAsync(Path.Combine(_folder.FullName, "no-such-program"), device, TimeSpan.FromSeconds(5), Token)).Level.ToString());

    [Theory]
    [InlineData(nameof(FindingLevel.Ok), true, nameof(FindingLevel.Ok), null)]
    [InlineData(nameof(FindingLevel.Ok), false, nameof(FindingLevel.Warning), "-p:Accelerator=cuda")]
    [InlineData(nameof(FindingLevel.NotUsed), true, nameof(FindingLevel.Warning), "without one")]
    [InlineData(nameof(FindingLevel.NotUsed), false, nameof(FindingLevel.NotUsed), null)]
    public void Gpu_Build_IsJudgedWithIt(string driver, bool usesGpu, string level, string? advice)
    {
        var finding = GpuCheck.Judge(new("gpu", Enum.Parse<FindingLevel>(driver), "NVIDIA L4"), usesGpu);

        Assert.Equal(level, finding.Level.ToString());
        Assert.Equal(advice is null, finding.Advice is null);
        Assert.Contains(advice ?? "", finding.Advice ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public async Task Port_Free_IsOk()
    {
        int port;
        using (var probe = new TcpListener(IPAddress.Any, 0))
        {
            probe.Start();
            port = ((IPEndPoint)probe.LocalEndpoint).Port;
        }

        Assert.Equal(FindingLevel.Ok, (await PortCheck.OneAsync(_http, "engine", port, "/health", Token)).Level);
    }

    [Fact]
    public void Port_OfAWorkersWebhooks_IsCheckedToo()
    {
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var port = ((IPEndPoint)taken.LocalEndpoint).Port;

        Assert.Equal(FindingLevel.Warning, PortCheck.Local(3000, port).Level);
        Assert.Contains($"{port}", PortCheck.Local(3000, port).Message, StringComparison.Ordinal);
        Assert.Equal(FindingLevel.Ok, PortCheck.Local(port - 1, null).Level);
        Assert.Equal(FindingLevel.Ok, PortCheck.Local(3000, 0).Level);
    }

    [Theory]
    [InlineData(200, nameof(FindingLevel.Ok), "runs already")]
    [InlineData(503, nameof(FindingLevel.Ok), "runs already")]
    [InlineData(404, nameof(FindingLevel.Warning), "another program")]
    public async Task Port_Taken_TellsByWhom(int status, string level, string said)
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });

        var finding = await PortCheck.OneAsync(_http, "API service", new Uri(server.BaseUrl).Port, "/health", Token);

        Assert.Equal(level, finding.Level.ToString());
        Assert.Contains(said, finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5, nameof(FindingLevel.Problem))]
    [InlineData(5, nameof(FindingLevel.Warning))]
    [InlineData(50, nameof(FindingLevel.Ok))]
    public void Disk_Room_IsJudged(double gibibytes, string level) => Assert.Equal(level, DiskCheck.Room((long)(gibibytes * (1L << 30)), "/data").Level.ToString());

    [Fact]
    public void Disk_FolderThatIsNotThereYet_IsJudgedByTheOneAbove()
    {
        var findings = DiskCheck.Run(Path.Combine(_folder.FullName, "a", "b")).ToList();

        Assert.Equal(FindingLevel.Ok, findings[1].Level);
        Assert.Empty(_folder.GetFileSystemInfos());
    }

    [Fact]
    public void Disk_FolderThatCannotBeWritten_SaysWhatToDo()
    {
        var finding = DiskCheck.Run("/proc/comfyserve").Last();

        Assert.Equal(FindingLevel.Problem, finding.Level);
        Assert.Contains("COMFYSERVE_DATA", finding.Advice, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, nameof(FindingLevel.Ok))]
    [InlineData(5, nameof(FindingLevel.Warning))]
    [InlineData(-1, nameof(FindingLevel.NotUsed))]
    public void Clock_KernelsWord_IsJudged(int state, string level) => Assert.Equal(level, ClockCheck.Judge(state).Level.ToString());

    [Theory]
    [InlineData(-899, nameof(FindingLevel.Ok))]
    [InlineData(901, nameof(FindingLevel.Problem))]
    public void Clock_SomebodyElses_IsCompared(int seconds, string level) =>
        Assert.Equal(level, ClockCheck.Compare("it", Now.AddSeconds(seconds), Now, TimeSpan.FromMinutes(15), "why").Level.ToString());

    [Theory]
    [InlineData("", nameof(FindingLevel.NotUsed), "outputs stay")]
    [InlineData("S3_ACCESS_KEY_ID=a S3_BUCKET_NAME=b", nameof(FindingLevel.Problem), "S3_SECRET_ACCESS_KEY is not set")]
    [InlineData("S3_ACCESS_KEY_ID=a S3_BUCKET_NAME=b S3_SECRET_ACCESS_KEY=c S3_ENDPOINT_URL=s3.example", nameof(FindingLevel.Problem), "not an http or https URL")]
    [InlineData("S3_ACCESS_KEY_ID=a S3_BUCKET_NAME=b S3_SECRET_ACCESS_KEY=c S3_ENDPOINT_URL=http://127.0.0.1:9", nameof(FindingLevel.Problem), "does not answer")]
    public async Task ObjectStore_Settings_AreJudged(string variables, string level, string said)
    {
        var environment = variables.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(static v => v.Split('=', 2)).ToDictionary(static v => v[0], static v => v[1]);

        var finding = Assert.Single(await ObjectStoreCheck.RunAsync(_http, environment.GetValueOrDefault, TimeProvider.System, Token));

        Assert.Equal(level, finding.Level.ToString());
        Assert.Contains(said, finding.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, nameof(FindingLevel.Ok))]
    [InlineData(16, nameof(FindingLevel.Problem))]
    public async Task ObjectStore_Answers_ItsClockIsComparedToo(int minutesOff, string level)
    {
        await using var server = await FileServer.StartAsync(context =>
        {
            context.Response.StatusCode = 403;
            context.Response.Headers.Date = Now.AddMinutes(minutesOff).ToString("R");
            return Task.CompletedTask;
        });
        var environment = new Dictionary<string, string> { ["S3_ACCESS_KEY_ID"] = "a", ["S3_SECRET_ACCESS_KEY"] = "b", ["S3_BUCKET_NAME"] = "c", ["S3_ENDPOINT_URL"] = server.BaseUrl };

        var findings = await ObjectStoreCheck.RunAsync(_http, environment.GetValueOrDefault, new FakeTimeProvider(Now), Token);

        Assert.Equal([nameof(FindingLevel.Ok), level], findings.Select(static f => f.Level.ToString()));
    }

    [Theory]
    [InlineData(null, nameof(FindingLevel.NotUsed))]
    [InlineData("Host=127.0.0.1;Port=9;Username=u;Password=hush", nameof(FindingLevel.Problem))]
    [InlineData("Hosts: 127.0.0.1; Password: hush", nameof(FindingLevel.Problem))]
    public async Task Database_NotThere_IsToldWithoutThePassword(string? connection, string level)
    {
        var finding = Assert.Single(await DatabaseCheck.RunAsync(connection, TimeProvider.System, Token));

        Assert.Equal(level, finding.Level.ToString());
        Assert.DoesNotContain("hush", finding.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, nameof(FindingLevel.Ok))]
    [InlineData(60, nameof(FindingLevel.Problem))]
    public async Task Database_Answers_ItsVersionAndItsClockAreJudged(int secondsOff, string level)
    {
        Assert.SkipUnless(PostgresServer.IsInstalled, "PostgreSQL is not installed; run eng/install-test-tools.sh");
        await using var server = await PostgresServer.StartAsync();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddSeconds(secondsOff));

        var findings = await DatabaseCheck.RunAsync(await server.CreateDatabaseAsync(), time, Token);

        Assert.Equal([nameof(FindingLevel.Ok), level], findings.Select(static f => f.Level.ToString()));
    }

    private string Program(string script)
    {
        var path = Path.Combine(_folder.FullName, "nvidia-smi");
        File.WriteAllText(path, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        return path;
    }
}
