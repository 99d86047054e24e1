/* SPDX-License-Identifier: MIT */
/* A server with JetStream for this worker alone, started when it is needed first and gone with the process. */
#ifndef BENCH_NATS_SERVER_HPP
#define BENCH_NATS_SERVER_HPP

#include "worker/everywhere.hpp"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <nats/nats.h>
#include <string>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

class nats_server
{
    pid_t process = -1;
    std::string folder;

    nats_server()
    {
        char name[] = "/tmp/leat-bench-nats-XXXXXX";
        if (mkdtemp(name) == nullptr) {
            throw bench::failure{"no folder to be had"};
        }
        folder = name;
        bench::everywhere guard;
        process = fork();
        if (process == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL); /* a worker that crashes leaves none behind */
            int log = open((folder + "/log").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
            dup2(log, STDOUT_FILENO);
            dup2(log, STDERR_FILENO);
            execlp("nats-server", "nats-server", "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", folder.c_str(), "--ports_file_dir",
                   folder.c_str(), static_cast<char *>(nullptr));
            _exit(127);
        }
        for (int i = 0; i < 500 && port() == 0; i++) {
            usleep(10000);
        }
        number = port();
        if (number == 0) {
            throw bench::failure{"the server does not come up"};
        }
        connect();
    }

    /* Out of the file that the server writes its ports into; 0: it has not yet. */
    int port() const
    {
        std::string path = folder + "/nats-server_" + std::to_string(process) + ".ports";
        FILE *file = fopen(path.c_str(), "r");
        char text[512] = "";
        int found = 0;
        if (file != nullptr) {
            text[fread(text, 1, sizeof(text) - 1, file)] = 0;
            fclose(file);
            const std::string words = text, before = "nats://127.0.0.1:";
            const size_t at = words.find(before);
            found = at == std::string::npos ? 0 : atoi(words.c_str() + at + before.size());
        }
        return found;
    }

    void connect()
    {
        jsStreamConfig config;
        const char *subject = "bench.x";
        jsStreamConfig_Init(&config);
        config.Name = "bench";
        config.Subjects = &subject;
        config.SubjectsLen = 1;
        config.Storage = js_MemoryStorage;
        if (natsConnection_ConnectTo(&connection, ("nats://" + address()).c_str()) != NATS_OK ||
            natsConnection_JetStream(&context, connection, nullptr) != NATS_OK ||
            js_AddStream(nullptr, context, &config, nullptr, nullptr) != NATS_OK) {
            throw bench::failure{"no stream to be had"};
        }
    }

  public:
    int number = 0;
    natsConnection *connection = nullptr;
    jsCtx *context = nullptr;

    nats_server(const nats_server &) = delete;
    ~nats_server()
    {
        jsCtx_Destroy(context);
        natsConnection_Destroy(connection);
        if (process > 0) {
            kill(process, SIGKILL);
            waitpid(process, nullptr, 0);
        }
        if (system(("rm -rf " + folder).c_str()) != 0) {
            /* it stays */
        }
    }
    static nats_server &get()
    {
        static nats_server server;
        return server;
    }
    std::string address() const
    {
        return "127.0.0.1:" + std::to_string(number);
    }
    void empty()
    {
        js_PurgeStream(context, "bench", nullptr, nullptr);
    }
    /* How many the stream has; -1: the server does not say. */
    int64_t messages()
    {
        jsStreamInfo *info = nullptr;
        int64_t count = -1;
        if (js_GetStreamInfo(&info, context, "bench", nullptr, nullptr) == NATS_OK) {
            count = int64_t(info->State.Msgs);
        }
        jsStreamInfo_Destroy(info);
        return count;
    }
};

#endif
