// What the tests on the doubled device share.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "engine/cuda/runtime.h"
#include "tests/gpudoubles/doubles.h"

namespace gpudoubles {

// A fault for as long as it lives.
class WithFault {
public:
    explicit WithFault(Fault fault) : before_(set_fault(fault)) {}
    ~WithFault() { set_fault(before_); }
    WithFault(const WithFault&) = delete;
    WithFault& operator=(const WithFault&) = delete;

private:
    Fault before_;
};

// Every test starts with late work and must leave no report.
class CleanTest : public testing::Test {
protected:
    void TearDown() override {
        set_schedule(Schedule::Late);
        EXPECT_EQ(take_reports(), std::vector<std::string>{});
    }
};

// And no waiting work, and nothing that was not there before. Compared when the members of the
// test are gone.
class DoublesTest : public CleanTest {
protected:
    ~DoublesTest() override {
        EXPECT_EQ(waiting_work(), 0u);
        EXPECT_TRUE(holdings() == before_) << "something was not destroyed or freed";
    }

private:
    const Holdings before_ = holdings();
};

// One report, which says these words.
inline void expect_report(const std::string& words) {
    const std::vector<std::string> reports = take_reports();
    ASSERT_EQ(reports.size(), 1u) << "expected: " << words;
    EXPECT_NE(reports[0].find(words), std::string::npos) << reports[0];
}

// An array in device memory.
template <class T>
class DeviceArray {
public:
    explicit DeviceArray(size_t count) : count_(count), data_(source().take(count * sizeof(T))) {}
    explicit DeviceArray(const std::vector<T>& values) : DeviceArray(values.size()) {
        const facet::cuda::Stream stream;
        copy_to_device(data_, values.data(), count_ * sizeof(T), stream);
        stream.synchronize();
    }
    ~DeviceArray() { source().give_back(data_); }
    DeviceArray(const DeviceArray&) = delete;
    DeviceArray& operator=(const DeviceArray&) = delete;

    T* data() const { return static_cast<T*>(data_); }
    size_t bytes() const { return count_ * sizeof(T); }
    std::vector<T> values() const {
        std::vector<T> values(count_);
        const facet::cuda::Stream stream;
        copy_to_host(values.data(), data_, bytes(), stream);
        stream.synchronize();
        return values;
    }

private:
    static facet::cuda::DeviceMemory& source() {
        static facet::cuda::DeviceMemory memory;
        return memory;
    }
    size_t count_;
    void* data_;
};

}  // namespace gpudoubles
