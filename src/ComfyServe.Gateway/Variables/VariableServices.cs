using ComfyServe.Gateway.Http;
using ComfyServe.Gateway.Storage;
using ComfyServe.Hosting.Files;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ComfyServe.Gateway.Variables;

/// <summary>The account's variables, and data protection with keys that all gateways of one store have.</summary>
internal static class VariableServices
{
    // Else the ring's purpose would hang on the folder that the program was started in.
    private const string Application = "ComfyServe";

    /// <summary>Adds them. After the store: data protection reads its keys when it starts.</summary>
    public static void AddAccountVariables(this IServiceCollection services, GatewayOptions options)
    {
        var protection = services.AddDataProtection().SetApplicationName(Application);
        if (Folder(options) is { } folder)
        {
            PrivateFiles.OwnFolder(folder);
            protection.PersistKeysToFileSystem(new DirectoryInfo(folder));
        }
        else
        {
            services.AddSingleton<IConfigureOptions<KeyManagementOptions>>(static s =>
                new ConfigureOptions<KeyManagementOptions>(keys => keys.XmlRepository = new KeyRingTable(s.GetRequiredService<GatewayDatabase>())));
        }

        services.AddSingleton<VariableTable>().AddSingleton<AccountVariables>().AddSingleton<VariableApi>();
    }

    private static string? Folder(GatewayOptions options)
    {
        var given = options.KeyRing ?? Environment.GetEnvironmentVariable("COMFYSERVE_KEY_RING");
        if (!string.IsNullOrWhiteSpace(given))
        {
            return given;
        }

        return options.Database is null ? Path.Combine(options.DataDirectory, "keys") : null;
    }
}
