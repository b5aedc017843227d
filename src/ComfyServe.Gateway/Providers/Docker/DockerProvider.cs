using System.Globalization;
using System.Net;
using Docker.DotNet;
using Docker.DotNet.Models;

namespace ComfyServe.Gateway.Providers.Docker;

/// <summary>
/// Workers as containers of one Docker host. A container is found by its name; its data are a volume that stays when it is
/// stopped and goes when it is destroyed.
/// </summary>
/// <param name="connect">Opens the Docker host at an address; null: <c>DOCKER_HOST</c>, else this machine's socket.</param>
internal sealed class DockerProvider(Func<Uri?, IDockerClient> connect) : IWorkerProvider, IDisposable
{
    private const string Image = "image";
    private const string Command = "command";
    private const string Label = "comfyserve.worker";
    private const string PortLabel = "comfyserve.port";
    private const string WorkerPort = "3000";
    private const string DataFolder = "/data";
    private const uint StopSeconds = 30;
    private static readonly string[] Names = ["host", Image, Command, "slots", "gpus", "network", "public_ip", "first_port"];
    private readonly SemaphoreSlim _choosing = new(1, 1);

    /// <inheritdoc/>
    public string Name => "docker";

    /// <summary>Opens a Docker host.</summary>
    public static IDockerClient Connect(Uri? host)
    {
        var variable = Environment.GetEnvironmentVariable("DOCKER_HOST");
        var address = host ?? (Uri.TryCreate(variable, UriKind.Absolute, out var given) ? given : null);
        return (address is null ? new DockerClientConfiguration() : new DockerClientConfiguration(address)).CreateClient();
    }

    /// <inheritdoc/>
    public int Slots(IReadOnlyDictionary<string, string> settings) => ProviderSettings.Count(settings, "slots", 1);

    /// <inheritdoc/>
    public IReadOnlyList<string> Mistakes(IReadOnlyDictionary<string, string> settings)
    {
        List<string> mistakes =
        [
            .. ProviderSettings.Unknown(settings, Name, Names),
            .. ProviderSettings.WrongCount(settings, "slots", 1, 1024),
            .. ProviderSettings.WrongCount(settings, "first_port", 1, 65_535),
            .. ProviderSettings.WrongWords(settings),
        ];
        if (settings.TryGetValue("gpus", out var gpus) && gpus != "all")
        {
            mistakes.AddRange(ProviderSettings.WrongCount(settings, "gpus", 0, 64).Select(m => m + "; 'all' gives every GPU"));
        }

        if (settings.TryGetValue("host", out var host) && !Uri.TryCreate(host, UriKind.Absolute, out _))
        {
            mistakes.Add($"'host' wants the address of a Docker host, such as 'unix:///var/run/docker.sock' or 'tcp://10.0.0.5:2375', but got '{host}'");
        }

        return mistakes;
    }

    /// <inheritdoc/>
    public Task StartAsync(WorkerOrder order, CancellationToken cancellationToken) => AskAsync(order, "started", async docker =>
    {
        await _choosing.WaitAsync(cancellationToken);
        try
        {
            if (await FindAsync(docker, order, cancellationToken) is null)
            {
                await CreateAsync(docker, order, cancellationToken);
            }

            await docker.Containers.StartContainerAsync(NameOf(order), new ContainerStartParameters(), cancellationToken);
        }
        finally
        {
            _choosing.Release();
        }
    });

    /// <inheritdoc/>
    public Task StopAsync(WorkerOrder order, CancellationToken cancellationToken) =>
        AskAsync(order, "stopped", docker => StopAsync(docker, order, cancellationToken));

    /// <inheritdoc/>
    public Task DestroyAsync(WorkerOrder order, CancellationToken cancellationToken) => AskAsync(order, "destroyed", async docker =>
    {
        var name = NameOf(order);
        await StopAsync(docker, order, cancellationToken);
        await UnlessGoneAsync(() => docker.Containers.RemoveContainerAsync(name, new ContainerRemoveParameters { Force = true }, cancellationToken));
        await UnlessGoneAsync(() => docker.Volumes.RemoveAsync(name, force: true, cancellationToken));
    });

    /// <inheritdoc/>
    public async Task<bool> RunsAsync(WorkerOrder order, CancellationToken cancellationToken)
    {
        var runs = false;
        await AskAsync(order, "looked at", async docker => runs = (await FindAsync(docker, order, cancellationToken))?.State.Running == true);
        return runs;
    }

    /// <inheritdoc/>
    public void Dispose() => _choosing.Dispose();

    private static string NameOf(WorkerOrder order) => $"comfyserve-worker-{order.WorkerId.ToString(CultureInfo.InvariantCulture)}";

    private async Task AskAsync(WorkerOrder order, string what, Func<IDockerClient, Task> ask)
    {
        using var docker = connect(order.Settings.TryGetValue("host", out var host) ? new Uri(host) : null);
        try
        {
            await ask(docker);
        }
        catch (Exception error) when (error is DockerApiException or HttpRequestException or IOException or TimeoutException)
        {
            var reason = error is DockerApiException refused ? refused.ResponseBody?.Trim() ?? error.Message : error.Message;
            throw new ProviderFailedException($"worker {order.WorkerId} could not be {what}: Docker says: {reason}", error);
        }
    }

    private static Task StopAsync(IDockerClient docker, WorkerOrder order, CancellationToken cancellationToken) => UnlessGoneAsync(() =>
        docker.Containers.StopContainerAsync(NameOf(order), new ContainerStopParameters { WaitBeforeKillSeconds = StopSeconds }, cancellationToken));

    private static async Task UnlessGoneAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (DockerApiException error) when (error.StatusCode == HttpStatusCode.NotFound)
        {
            // It never was, or is gone.
        }
    }

    private static async Task<ContainerInspectResponse?> FindAsync(IDockerClient docker, WorkerOrder order, CancellationToken cancellationToken)
    {
        try
        {
            return await docker.Containers.InspectContainerAsync(NameOf(order), cancellationToken);
        }
        catch (DockerContainerNotFoundException)
        {
            return null;
        }
    }

    private static async Task CreateAsync(IDockerClient docker, WorkerOrder order, CancellationToken cancellationToken)
    {
        var parameters = Describe(order);
        if (order.Settings.TryGetValue("public_ip", out var address))
        {
            var port = await FreePortAsync(docker, order, cancellationToken);
            parameters.Labels[PortLabel] = port;
            parameters.HostConfig.PortBindings = new Dictionary<string, IList<PortBinding>> { [WorkerPort + "/tcp"] = [new PortBinding { HostPort = port }] };
            parameters.Env = [.. parameters.Env, $"PUBLIC_IPADDR={address}", $"VAST_TCP_PORT_{WorkerPort}={port}"];
        }
        else
        {
            parameters.Env = [.. parameters.Env, $"PUBLIC_IPADDR={NameOf(order)}"];
        }

        try
        {
            await docker.Containers.CreateContainerAsync(parameters, cancellationToken);
        }
        catch (DockerApiException error) when (error.StatusCode == HttpStatusCode.NotFound)
        {
            // The image is not on the host yet.
            var (name, tag) = SplitImage(parameters.Image);
            await docker.Images.CreateImageAsync(new ImagesCreateParameters { FromImage = name, Tag = tag }, new AuthConfig(), new Progress<JSONMessage>(), cancellationToken);
            await docker.Containers.CreateContainerAsync(parameters, cancellationToken);
        }
    }

    private static CreateContainerParameters Describe(WorkerOrder order)
    {
        var settings = order.Settings;
        var own = settings.TryGetValue(Command, out var command) ? CommandWords.Split(command)! : null;
        var gpus = ProviderSettings.Text(settings, "gpus", "0");
        return new CreateContainerParameters
        {
            Name = NameOf(order),
            Image = ProviderSettings.Text(settings, Image, "comfyserve"),
            Entrypoint = own is null ? null : [own[0]],
            Cmd = [.. own is null ? ["stack"] : own.Skip(1), .. ProviderSettings.Arguments(order)],
            Env = [.. order.Variables.Select(v => $"{v.Key}={v.Value}"), $"WORKER_PORT={WorkerPort}", "WORKER_HOST=0.0.0.0"],
            Labels = new Dictionary<string, string> { [Label] = order.Endpoint },
            ExposedPorts = new Dictionary<string, EmptyStruct> { [WorkerPort + "/tcp"] = default },
            HostConfig = new HostConfig
            {
                NetworkMode = ProviderSettings.Text(settings, "network", "bridge"),
                Init = true,
                Mounts = [new Mount { Type = "volume", Source = NameOf(order), Target = DataFolder }],
                DeviceRequests = gpus == "0" ? null : [new DeviceRequest { Count = gpus == "all" ? -1 : ProviderSettings.Count(settings, "gpus", 0), Capabilities = [["gpu"]] }],
            },
        };
    }

    /// <summary>The lowest port of the host that no other worker has.</summary>
    private static async Task<string> FreePortAsync(IDockerClient docker, WorkerOrder order, CancellationToken cancellationToken)
    {
        var filters = new Dictionary<string, IDictionary<string, bool>> { ["label"] = new Dictionary<string, bool> { [PortLabel] = true } };
        var all = await docker.Containers.ListContainersAsync(new ContainersListParameters { All = true, Filters = filters }, cancellationToken);
        var taken = all.Select(c => c.Labels.TryGetValue(PortLabel, out var port) ? port : "").ToHashSet(StringComparer.Ordinal);
        var first = ProviderSettings.Count(order.Settings, "first_port", 31_000);
        return Enumerable.Range(first, taken.Count + 1).Select(p => p.ToString(CultureInfo.InvariantCulture)).First(p => !taken.Contains(p));
    }

    private static (string Name, string Tag) SplitImage(string image)
    {
        // A colon before the last slash is a registry's port.
        var colon = image.LastIndexOf(':');
        return colon > image.LastIndexOf('/') ? (image[..colon], image[(colon + 1)..]) : (image, "latest");
    }
}
