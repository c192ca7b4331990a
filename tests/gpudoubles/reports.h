// What the doubles complain of, the faults that tests put in, and the lock around both.
#pragma once

#include <mutex>
#include <set>
#include <string>

#include "tests/gpudoubles/doubles.h"

namespace gpudoubles {

void report(std::string line);
bool faulty(Fault fault);  // whether that fault is put in

// Held by every function of a library: the doubles serve one thread of the host at a time.
class Call {
public:
    Call() : lock_(mutex()) {}

private:
    static std::recursive_mutex& mutex();
    std::scoped_lock<std::recursive_mutex> lock_;
};

// The objects that a library has given handles of, T* under another name.
template <class T>
class Handles {
public:
    T* add(T* object) { return *alive_.insert(object).first; }
    T* find(const void* handle) const {  // null if it is none
        auto* const object = static_cast<T*>(const_cast<void*>(handle));
        return alive_.contains(object) ? object : nullptr;
    }
    bool destroy(const void* handle) {
        T* const object = find(handle);
        alive_.erase(object);
        delete object;
        return object != nullptr;
    }
    const std::set<T*>& alive() const { return alive_; }

private:
    std::set<T*> alive_;
};

}  // namespace gpudoubles
