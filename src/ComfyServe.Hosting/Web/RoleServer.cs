using ComfyServe.Hosting.Logging;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;

namespace ComfyServe.Hosting.Web;

/// <summary>The one way in which every role begins to build its web server.</summary>
public static class RoleServer
{
    /// <summary>
    /// A builder that takes nothing from the working folder: its content root is the program's folder, and no file is watched for
    /// changes. (By default the content root is the working folder and is watched with all that is below it: started in <c>/</c>,
    /// where systemd starts services, five roles took nearly every inotify watch of the machine.) It logs as <see cref="ServiceLogging"/> says.
    /// </summary>
    /// <param name="server">The type that builds the role's server; its assembly names the role, in logs too.</param>
    public static WebApplicationBuilder CreateBuilder(Type server)
    {
        ArgumentNullException.ThrowIfNull(server);
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = server.Assembly.GetName().Name,
            ContentRootPath = AppContext.BaseDirectory,
            Args = ["--hostBuilder:reloadConfigOnChange=false"],
        });
        builder.WebHost.ConfigureKestrel(static kestrel =>
        {
            kestrel.AddServerHeader = false;

            // What a caller may take its time for. A body must come at 240 bytes a second after the first five, Kestrel's own rule.
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(75);
        });
        builder.Logging.AddServiceLogging();
        return builder;
    }
}
